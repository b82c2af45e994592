#pragma once
// A store that takes no for an answer: what the object store refuses for now is kept on the local disk and
// uploaded later.

#include <atomic>
#include <memory>

#include "base/log.h"
#include "base/metrics.h"
#include "store/key_locks.h"
#include "store/store.h"

namespace limner {

/// Puts into `remote`; where that fails for a reason that is not the object's own, into `local` under the
/// same key: a picture that is drawn is not thrown away because a bucket is down, full or locked.
/// get/head/list/ remove look in both. After a failure the remote is left alone for a few seconds and then
/// asked by one caller at a time, so that an outage costs a job milliseconds and not a time-out each. drain()
/// moves what waits. What waits survives a restart: it is what `local` holds, which belongs to this store
/// alone. It is uploaded with the content type of its key's extension (store/content_type.h).
///
/// Invariants: (1) where `local` has an object, it is newer than the remote's of that key; (2) whoever
/// changes a key holds its lock from before the first until after the last change, so that a drain can
/// neither put an old version over a new one nor bring back what was removed.
class SpillStore final : public Store {
 public:
  SpillStore(std::unique_ptr<Store> remote, std::unique_ptr<Store> local, const Clock& clock, Log& log,
             Metrics& metrics);
  Result<void> put(std::string_view key, std::span<const std::byte> bytes,
                   std::string_view content_type) override;
  Result<std::string> get(std::string_view key, size_t bytes_max) override;
  Result<ObjectInfo> head(std::string_view key) override;
  /// `unavailable` while the remote is, for what it may hold cannot be removed; what waits here stays too.
  Result<void> remove(std::string_view key) override;
  /// What waits is listed in its place. Fails where the remote does.
  Result<void> list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& see) override;
  /// Nothing for an object that still waits here.
  std::optional<std::string> signed_url(std::string_view key, int seconds) override;
  std::string_view kind() const override { return remote_->kind(); }

  /// Uploads what waits, oldest first, until all is done or the remote fails. How many were moved. An object
  /// that cannot be read, or that the remote will not have, is left and logged, and the others go on.
  Result<int> drain();

 private:
  // Asks the remote unless it rests, and learns from the answer whether it shall.
  template <class Ask>
  auto ask_remote(const Ask& ask) -> decltype(ask());
  bool remote_rests();
  // Whether it was moved; false if it waits no longer, or has to stay without being a reason to stop.
  Result<bool> upload(const std::string& key);
  // The oldest of what waits, oldest first.
  Result<std::vector<ObjectInfo>> oldest_waiting();

  std::unique_ptr<Store> remote_, local_;
  const Clock& clock_;
  Log& log_;
  Counter& spilled_;
  Counter& uploaded_;
  std::atomic<TimeUs> rests_until_ = 0;  // 0: the last answer was a good one.
  KeyLocks locks_;
};

}  // namespace limner
