#include "jobs/events.h"

#include <utility>

namespace limner {

/// A listener, alive until its subscription ends. The lock is held while it is called, so that whoever ends
/// the subscription waits for the call; recursive, because a listener may end its own.
struct EventHub::Entry {
  uint64_t id = 0;
  std::recursive_mutex mutex;
  bool alive = true;
  Listener listener;
};

EventHub::Subscription::Subscription(Subscription&& other) noexcept { *this = std::move(other); }

EventHub::Subscription& EventHub::Subscription::operator=(Subscription&& other) noexcept {
  std::swap(hub_, other.hub_);
  std::swap(job_, other.job_);
  std::swap(id_, other.id_);
  return *this;
}

EventHub::Subscription::~Subscription() {
  if (hub_) hub_->unsubscribe(job_, id_);
}

// A listener may own the subscription that keeps it: it is let go of while the hub is still whole.
EventHub::~EventHub() {
  decltype(entries_) left;
  const std::lock_guard lock(mutex_);
  left.swap(entries_);
}

EventHub::Subscription EventHub::subscribe(const std::string& job, Listener listener) {
  auto entry = std::make_shared<Entry>();
  entry->listener = std::move(listener);
  const std::lock_guard lock(mutex_);
  entry->id = next_++;
  entries_[job].push_back(entry);
  Subscription subscription;
  subscription.hub_ = this;
  subscription.job_ = job;
  subscription.id_ = entry->id;
  return subscription;
}

void EventHub::publish(const std::string& job, const JobEvent& event) {
  std::vector<std::shared_ptr<Entry>> listening;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(job);
    if (found == entries_.end()) return;
    listening = found->second;
  }
  for (const auto& entry : listening) {
    const std::lock_guard lock(entry->mutex);
    if (entry->alive) entry->listener(event);
  }
}

void EventHub::unsubscribe(const std::string& job, uint64_t id) {
  std::shared_ptr<Entry> entry;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(job);
    if (found == entries_.end()) return;
    std::erase_if(found->second, [&](const std::shared_ptr<Entry>& candidate) {
      if (candidate->id != id) return false;
      entry = candidate;
      return true;
    });
    if (found->second.empty()) entries_.erase(found);
  }
  if (!entry) return;
  const std::lock_guard lock(entry->mutex);
  entry->alive = false;
}

bool EventHub::listened(const std::string& job) const {
  const std::lock_guard lock(mutex_);
  return entries_.contains(job);
}

size_t EventHub::listeners() const {
  const std::lock_guard lock(mutex_);
  size_t count = 0;
  for (const auto& [job, listening] : entries_) count += listening.size();
  return count;
}

}  // namespace limner
