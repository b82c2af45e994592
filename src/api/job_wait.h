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

/// Counts the requester of an answer among those who wait for `job`, until the returned function is gone. To
/// be called when it hangs up: cancels the job if nobody else waits for it. Null, and nothing is counted,
/// where the last one has just hung up: the job is being cancelled (JobService::join).
std::function<void()> joining(Services& services, const Caller& caller, const std::string& job);

}  // namespace limner
