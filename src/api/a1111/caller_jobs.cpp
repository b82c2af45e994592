#include "api/a1111/caller_jobs.h"

#include <algorithm>

namespace limner {

Result<std::vector<Job>> open_jobs(Services& services, const Caller& caller) {
  JobQuery query;
  query.tenant = caller.tenant.id;
  query.states = {JobState::queued, JobState::drawing, JobState::finishing, JobState::checking};
  query.limit = 200;
  std::vector<Job> jobs = TRY(services.ledger.jobs().search(query)).jobs;
  std::erase_if(jobs, [&](const Job& job) { return job.dialect != "a1111" || job.api_key != caller.key.id; });
  std::reverse(jobs.begin(), jobs.end());
  return jobs;
}

std::string task_tag(const std::string& task_id) {
  constexpr size_t kTagMax = 64;
  return ("task:" + task_id).substr(0, kTagMax);
}

}  // namespace limner
