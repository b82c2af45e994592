#pragma once
// The jobs that a caller of this dialect has going: what /progress and /interrupt are about.

#include <vector>

#include "api/request.h"
#include "api/services.h"

namespace limner {

/// This key's jobs of this dialect that have not ended, the oldest first.
Result<std::vector<Job>> open_jobs(Services& services, const Caller& caller);

/// The tag of a job whose client gave it a name of its own (force_task_id).
std::string task_tag(const std::string& task_id);

}  // namespace limner
