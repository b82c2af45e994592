#include "jobs/requesters.h"

namespace limner {

bool Requesters::join(const std::string& job) {
  const std::lock_guard lock(mutex_);
  const auto [at, fresh] = waiting_.try_emplace(job, 1);
  if (fresh) return true;
  if (at->second == kGivenUp) return false;
  ++at->second;
  return true;
}

void Requesters::leave(const std::string& job) {
  const std::lock_guard lock(mutex_);
  const auto at = waiting_.find(job);
  if (at != waiting_.end() && at->second != kGivenUp && --at->second == 0) waiting_.erase(at);
}

bool Requesters::hang_up(const std::string& job) {
  const std::lock_guard lock(mutex_);
  const auto at = waiting_.find(job);
  return at != waiting_.end() && at->second != kGivenUp && --at->second == kGivenUp;
}

void Requesters::settle(const std::string& job) {
  const std::lock_guard lock(mutex_);
  const auto at = waiting_.find(job);
  if (at != waiting_.end() && at->second == kGivenUp) waiting_.erase(at);
}

bool Requesters::given_up(const std::string& job) const {
  const std::lock_guard lock(mutex_);
  const auto at = waiting_.find(job);
  return at != waiting_.end() && at->second == kGivenUp;
}

}  // namespace limner
