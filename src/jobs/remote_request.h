#pragma once
// What a model that is drawn elsewhere can be asked for.

#include "jobs/job_request.h"

namespace limner {

/// A provider is told prompt, size and count. `unsupported` names the first parameter that says anything else
/// about the picture: it would be ignored.
Result<void> check_remote_request(const JobRequest& request, const std::string& model);

}  // namespace limner
