#include "api/http/open_connections.h"

#include <chrono>

namespace limner {

bool OpenConnections::enter(const std::string& remote) {
  const std::lock_guard lock(mutex_);
  if (open_ >= config_.connections_max) return false;
  size_t& from_there = by_address_[remote];
  if (from_there >= config_.connections_per_address_max) return false;
  ++from_there;
  journal_.connections(++open_);
  return true;
}

void OpenConnections::leave(const std::string& remote) {
  const std::lock_guard lock(mutex_);
  const auto found = by_address_.find(remote);
  if (--found->second == 0) by_address_.erase(found);
  journal_.connections(--open_);
  if (open_ == 0) none_left_.notify_all();
}

void OpenConnections::wait_for_none(double seconds) {
  std::unique_lock lock(mutex_);
  none_left_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return open_ == 0; });
}

}  // namespace limner
