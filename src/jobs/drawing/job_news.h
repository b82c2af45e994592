#pragma once
// What is told of jobs while they are in work, and at their end.

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "jobs/events.h"
#include "ledger/jobs.h"

namespace limner::drawing {

JobEvent queued_event(int position);
JobEvent loading_event(const std::string& model, double progress);
JobEvent started_event();
JobEvent step_event(int picture, int step, int steps);
JobEvent finished_event(const Job& job);

/// The body of a webhook, as https://www.standardwebhooks.com has it: type, timestamp, data. Pictures by id,
/// without links: whoever gets it asks with a key.
std::string webhook_body(const Job& job, JobState state, const JobError& error,
                         const std::vector<PictureRow>& pictures, TimeUs now);

/// `kind` by default from the code: what the request asked for, what the model did, or what failed around
/// them.
JobError job_error(const Error& error);
JobError job_error(const Error& error, const char* kind);
JobError cancelled_by_requester();
/// Whoever waited for the job on a connection is gone.
JobError given_up_by_requester();
/// Whether a job that was cancelled ended by that.
bool was_given_up(const Job& job);

}  // namespace limner::drawing
