#pragma once
// What executables would need, remembered.

#include <map>
#include <mutex>
#include <string>

namespace limner {

/// Workspace bytes by the key of a graph: planning one takes nearly as long as compiling it. Bounded.
/// Thread-safe; two threads may plan the same graph at once and find the same.
class MemoryPlans {
 public:
  template <class Plan>
  size_t bytes(const std::string& key, Plan plan) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = bytes_.find(key); found != bytes_.end()) return found->second;
    }
    const size_t planned = plan();
    const std::lock_guard lock(mutex_);
    if (bytes_.size() >= kPlansMax) bytes_.clear();
    bytes_[key] = planned;
    return planned;
  }

 private:
  static constexpr size_t kPlansMax = 512;  // shapes that are asked for again are few; strangers invent more
  std::mutex mutex_;
  std::map<std::string, size_t> bytes_;
};

}  // namespace limner
