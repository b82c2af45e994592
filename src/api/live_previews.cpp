#include "api/live_previews.h"

#include <algorithm>

namespace limner {

// Called under the lock; what is dropped is destroyed by the caller after it, since that waits for listeners.
void LivePreviews::make_room(std::vector<EventHub::Subscription>& dropped) {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    std::unique_lock watched(entry->second.watched->mutex);
    if (entry->second.watched->ended) {
      watched.unlock();
      dropped.push_back(std::move(entry->second.subscription));
      entry = entries_.erase(entry);
    } else {
      ++entry;
    }
  }
  if (entries_.size() < kJobsMax) return;
  const auto oldest = std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
    return a.second.asked < b.second.asked;
  });
  dropped.push_back(std::move(oldest->second.subscription));
  entries_.erase(oldest);
}

std::shared_ptr<const std::vector<std::byte>> LivePreviews::last(const Caller& caller,
                                                                 const std::string& job) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto entry = entries_.find(job); entry != entries_.end()) {
      entry->second.asked = ++asks_;
      const std::lock_guard watched(entry->second.watched->mutex);
      return entry->second.watched->picture;
    }
  }
  const auto watched = std::make_shared<Watched>();
  Result<EventHub::Subscription> subscription = jobs_.listen(caller, job, [watched](const JobEvent& event) {
    const std::lock_guard lock(watched->mutex);
    if (event.type == "preview") watched->picture = event.picture;
    if (event.type == "finished") watched->ended = true;
  });
  if (!subscription) return nullptr;
  std::vector<EventHub::Subscription> dropped;
  const std::lock_guard lock(mutex_);
  make_room(dropped);
  // Two may have asked at once: the second's subscription simply goes.
  entries_.try_emplace(job, Entry{watched, std::move(*subscription), ++asks_});
  return nullptr;
}

}  // namespace limner
