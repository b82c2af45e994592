#pragma once
// Requests that are answered with what became of a job.

#include <functional>
#include <string>

#include "api/request.h"
#include "api/services.h"
#include "jobs/job_service.h"

namespace limner {

/// Calls `done` once, when `job` has ended. What `done` captures is let go of afterwards. Errors as
/// JobService::find().
Result<void> when_job_ended(Services& services, const Caller& caller, const std::string& job,
                            std::function<void(const JobView&)> done);

/// What to do when a requester hangs up: cancels the job, which nobody waits for any more.
std::function<void()> cancelling(Services& services, const Caller& caller, const std::string& job);

}  // namespace limner
