#pragma once
// The last preview of a job, for clients that ask again and again instead of listening.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "jobs/caller.h"
#include "jobs/job_service.h"

namespace limner {

/// Listens to a job from the first time somebody asks for its preview until it ends, so that previews are
/// drawn only for those who look. Thread-safe; at most `kJobsMax` jobs, the longest unasked go first.
class LivePreviews {
 public:
  static constexpr size_t kJobsMax = 256;

  explicit LivePreviews(JobService& jobs) : jobs_(jobs) {}
  /// The last preview's file; nothing before the first.
  std::shared_ptr<const std::vector<std::byte>> last(const Caller& caller, const std::string& job);

 private:
  struct Watched {
    std::mutex mutex;
    std::shared_ptr<const std::vector<std::byte>> picture;
    bool ended = false;
  };
  struct Entry {
    std::shared_ptr<Watched> watched;
    EventHub::Subscription subscription;
    uint64_t asked = 0;
  };
  void make_room(std::vector<EventHub::Subscription>& dropped);

  JobService& jobs_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  uint64_t asks_ = 0;
};

}  // namespace limner
