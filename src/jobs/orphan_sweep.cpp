#include "jobs/orphan_sweep.h"

#include <algorithm>

#include "jobs/picture_keys.h"

namespace limner {
namespace {

constexpr size_t kSweepPage = 500;
constexpr int kJobsPage = 500;

// The second segment of "pictures/TENANT/PIC.png", "uploads/TENANT/FILE".
std::string_view tenant_of(std::string_view key) {
  key.remove_prefix(std::min(key.find('/') + 1, key.size()));
  return key.substr(0, key.find('/'));
}

}  // namespace

Result<OrphanSweep::Swept> OrphanSweep::run(const std::function<bool()>& stop) {
  TRY(walk(stop));
  return swept_;
}

Result<std::vector<std::string>> OrphanSweep::find() {
  std::vector<std::string> found;
  found_ = &found;
  const Result<void> walked = walk([] { return false; });
  found_ = nullptr;
  TRY(walked);
  return found;
}

Result<void> OrphanSweep::walk(const std::function<bool()>& stop) {
  TRY(find_holds());
  // Before the first object is looked at: the pictures of a job that begins later are too young.
  TRY(find_jobs_in_work());
  for (const std::string_view prefix : {kPicturePrefix, kUploadPrefix, kStagePrefix})
    TRY(sweep(prefix, stop));
  return {};
}

Result<void> OrphanSweep::find_holds() {
  const std::vector<Tenant> tenants = TRY(ledger_.tenants().list());
  for (const Tenant& tenant : tenants)
    if (tenant.legal_hold) held_.insert(tenant.id);
  return {};
}

Result<void> OrphanSweep::find_jobs_in_work() {
  JobQuery query;
  query.states = {JobState::drawing, JobState::finishing, JobState::checking};
  query.limit = kJobsPage;
  for (;;) {
    const std::vector<Job> jobs = TRY(ledger_.jobs().search(query)).jobs;
    for (const Job& job : jobs) {
      TimeUs& since = in_work_since_.try_emplace(job.tenant, job.started).first->second;
      since = std::min(since, job.started);
    }
    if (jobs.size() < kSweepPage) return {};
    query.before = jobs.back().id;
  }
}

bool OrphanSweep::must_stay(const ObjectInfo& object) const {
  if (object.modified > now_ - orphan_us_ || held_.contains(tenant_of(object.key))) return true;
  if (!object.key.starts_with(kPicturePrefix)) return false;
  const auto in_work = in_work_since_.find(tenant_of(object.key));
  // The store's clock may be another one; nobody's is wrong by more than what makes an orphan.
  return in_work != in_work_since_.end() && object.modified >= in_work->second - orphan_us_;
}

Result<void> OrphanSweep::sweep(std::string_view prefix, const std::function<bool()>& stop) {
  Result<void> deleted;
  const Result<void> listed = store_.list(prefix, [&](const ObjectInfo& object) {
    ++swept_.seen;
    if (!must_stay(object)) old_.push_back(object.key);
    if (old_.size() >= kSweepPage) deleted = take_dead();
    return deleted.has_value() && !stop();
  });
  TRY(deleted);
  TRY(listed);
  return take_dead();
}

Result<void> OrphanSweep::take_dead() {
  if (old_.empty()) return {};
  std::vector<std::string> live = TRY(ledger_.pictures().live_keys(old_));
  std::ranges::sort(live);
  for (const std::string& key : old_) {
    if (std::ranges::binary_search(live, key)) continue;
    if (found_) {
      found_->push_back(key);
      continue;
    }
    TRY(store_.remove(key));
    ++swept_.deleted;
  }
  old_.clear();
  return {};
}

}  // namespace limner
