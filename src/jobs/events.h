#pragma once
// What happens to jobs, told to whoever listens while it happens. The ledger is the truth; events are news.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/json.h"

namespace limner {

struct JobView;

struct JobEvent {
  /// "queued" {"position"}, "loading" {"model","progress"}, "started" {}, "step" {"picture","step","steps"},
  /// "preview"
  /// {"picture","step","steps"} with picture, "finished" {"state","error"}: the last one.
  std::string type;
  Json data;
  std::shared_ptr<const std::vector<std::byte>> picture;  ///< a PNG or JPEG file
  std::string format;
  /// With "finished": the job as it ended, where whoever ended it knows all of it; else null, and the ledger
  /// is asked.
  std::shared_ptr<const JobView> ended = {};
};

/// Thread-safe. Listeners are called on the publisher's thread: they must only hand on, never block. Outlives
/// every subscription.
class EventHub {
 public:
  using Listener = std::function<void(const JobEvent&)>;

  /// Listens until destroyed or moved from. After the destructor returns the listener is not called any more:
  /// it waits for a call that is under way, so no lock that the listener takes may be held (the listener
  /// itself may end its subscription).
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&& other) noexcept;
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription();

   private:
    friend class EventHub;
    EventHub* hub_ = nullptr;
    std::string job_;
    uint64_t id_ = 0;
  };

  EventHub() = default;
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  Subscription subscribe(const std::string& job, Listener listener);
  void publish(const std::string& job, const JobEvent& event);
  /// Whether anybody listens: previews are drawn for nobody else.
  bool listened(const std::string& job) const;
  size_t listeners() const;

 private:
  struct Entry;
  void unsubscribe(const std::string& job, uint64_t id);
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::vector<std::shared_ptr<Entry>>> entries_;
  uint64_t next_ = 1;
};

}  // namespace limner
