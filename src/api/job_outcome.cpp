#include "api/job_outcome.h"

#include <string>

namespace limner {
namespace {

Code code_of(const std::string& name) {
  for (int code = 0; code <= static_cast<int>(Code::internal); ++code)
    if (name == code_name(static_cast<Code>(code))) return static_cast<Code>(code);
  return Code::internal;
}

}  // namespace

std::optional<Error> error_of(const Job& job) {
  if (job.state == JobState::stored) return std::nullopt;
  if (job.state == JobState::cancelled && job.error.empty())
    return Error{Code::cancelled, "", "it was cancelled", ""};
  if (job.state == JobState::held)
    return Error{Code::refused, job.error.field, "it waits for review", "ask for the job later: " + job.id};
  return Error{code_of(job.error.code), job.error.field, job.error.message, job.error.hint};
}

}  // namespace limner
