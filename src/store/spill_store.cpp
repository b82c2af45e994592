#include "store/spill_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "store/content_type.h"

namespace limner {
namespace {

// An outage then costs one caller in five seconds the remote's time-outs, and a job that comes after its end
// is late by no more.
constexpr TimeUs kRestUs = 5 * kSecondUs;
// Bounds the memory of a drain.
constexpr size_t kBatchObjects = 10'000;

bool is_outage(Code code) { return code == Code::unavailable || code == Code::deadline; }

// Such an object would be refused again however long it waits.
bool is_objects_fault(Code code) {
  return code == Code::invalid || code == Code::conflict || code == Code::too_large;
}

bool is_older(const ObjectInfo& a, const ObjectInfo& b) { return a.modified < b.modified; }

}  // namespace

SpillStore::SpillStore(std::unique_ptr<Store> remote, std::unique_ptr<Store> local, const Clock& clock,
                       Log& log, Metrics& metrics)
    : remote_(std::move(remote)),
      local_(std::move(local)),
      clock_(clock),
      log_(log),
      spilled_(metrics
                   .counter("limner_store_spilled_total",
                            "Objects kept on the local disk because the object store did not take them")
                   .with({})),
      uploaded_(metrics
                    .counter("limner_store_uploaded_total",
                             "Objects that waited on the local disk and were moved to the object store")
                    .with({})) {}

bool SpillStore::remote_rests() {
  TimeUs until = rests_until_;
  if (until == 0) return false;
  const TimeUs now = clock_.steady();
  // Whoever puts off the end of the rest is the one that tries; the others find it resting.
  return now < until || !rests_until_.compare_exchange_strong(until, now + kRestUs);
}

template <class Ask>
auto SpillStore::ask_remote(const Ask& ask) -> decltype(ask()) {
  if (remote_rests())
    return Error{Code::unavailable, "store", "the object store failed moments ago",
                 "try again in some seconds"};
  auto answer = ask();
  const bool failed = !answer && is_outage(answer.error().code);
  rests_until_ = failed ? clock_.steady() + kRestUs : 0;
  if (failed) log_.warning("store_unavailable", {{"error", answer.error().text()}});
  return answer;
}

Result<void> SpillStore::put(std::string_view key, std::span<const std::byte> bytes,
                             std::string_view content_type) {
  TRY(check_store_key(key));
  const KeyLocks::Held held(locks_, key);
  const Result<void> stored = ask_remote([&] { return remote_->put(key, bytes, content_type); });
  // An older version that waits would be uploaded over this one.
  if (stored) return local_->remove(key);
  if (is_objects_fault(stored.error().code)) return stored;
  Result<void> spilled = local_->put(key, bytes, content_type);
  if (!spilled) {
    spilled.error().hint = fmt::format("the object store did not take it either: {}", stored.error().text());
    return spilled;
  }
  spilled_.add();
  log_.info("object_spilled", {{"key", key}, {"error", stored.error().text()}});
  return {};
}

Result<std::string> SpillStore::get(std::string_view key, size_t bytes_max) {
  Result<std::string> waiting = local_->get(key, bytes_max);
  if (waiting || waiting.error().code != Code::not_found) return waiting;
  return ask_remote([&] { return remote_->get(key, bytes_max); });
}

Result<ObjectInfo> SpillStore::head(std::string_view key) {
  Result<ObjectInfo> waiting = local_->head(key);
  if (waiting || waiting.error().code != Code::not_found) return waiting;
  return ask_remote([&] { return remote_->head(key); });
}

Result<void> SpillStore::remove(std::string_view key) {
  TRY(check_store_key(key));
  const KeyLocks::Held held(locks_, key);
  // First where it may fail: were what waits here removed before, an older version could be seen again.
  TRY(ask_remote([&] { return remote_->remove(key); }));
  return local_->remove(key);
}

Result<void> SpillStore::list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& see) {
  // Read before the remote's: an object moved meanwhile is then seen in either, and shown once.
  std::vector<ObjectInfo> waiting;
  TRY(local_->list(prefix, [&](const ObjectInfo& object) {
    waiting.push_back(object);
    return true;
  }));
  auto next = waiting.begin();
  bool more = true;
  const auto show_waiting_before = [&](const std::string* key) {
    while (more && next != waiting.end() && (!key || next->key <= *key)) more = see(*next++);
  };
  TRY(ask_remote([&] {
    return remote_->list(prefix, [&](const ObjectInfo& object) {
      show_waiting_before(&object.key);
      // Asked of all, not of the last shown: a remote's order may differ from ours.
      if (more && !std::ranges::binary_search(waiting, object.key, {}, &ObjectInfo::key)) more = see(object);
      return more;
    });
  }));
  show_waiting_before(nullptr);
  return {};
}

std::optional<std::string> SpillStore::signed_url(std::string_view key, int seconds) {
  const Result<ObjectInfo> waiting = local_->head(key);
  if (waiting || waiting.error().code != Code::not_found) return std::nullopt;
  return remote_->signed_url(key, seconds);
}

Result<std::vector<ObjectInfo>> SpillStore::oldest_waiting() {
  std::vector<ObjectInfo> oldest;  // A heap whose front is the newest.
  TRY(local_->list("", [&](const ObjectInfo& object) {
    oldest.push_back(object);
    std::ranges::push_heap(oldest, is_older);
    if (oldest.size() > kBatchObjects) {
      std::ranges::pop_heap(oldest, is_older);
      oldest.pop_back();
    }
    return true;
  }));
  std::ranges::sort_heap(oldest, is_older);
  return oldest;
}

Result<bool> SpillStore::upload(const std::string& key) {
  const KeyLocks::Held held(locks_, key);
  const Result<std::string> bytes = local_->get(key, std::numeric_limits<size_t>::max());
  const auto stays = [&](const Error& error) {
    log_.error("object_stays", {{"key", key}, {"error", error.text()}});
    return false;
  };
  if (!bytes) return bytes.error().code == Code::not_found ? false : stays(bytes.error());
  const Result<void> stored =
      ask_remote([&] { return remote_->put(key, std::as_bytes(std::span(*bytes)), content_type_of(key)); });
  if (!stored && is_objects_fault(stored.error().code)) return stays(stored.error());
  if (!stored) return stored.error();
  TRY(local_->remove(key));
  uploaded_.add();
  return true;
}

Result<int> SpillStore::drain() {
  int moved = 0;
  while (true) {
    const std::vector<ObjectInfo> batch = TRY(oldest_waiting());
    const int moved_before = moved;
    for (const ObjectInfo& object : batch) {
      const Result<bool> uploaded = upload(object.key);
      // The remote's failure is no failure of ours: there will be another drain.
      if (!uploaded) {
        log_.info("drain_stopped", {{"moved", moved}, {"error", uploaded.error().text()}});
        return moved;
      }
      moved += *uploaded ? 1 : 0;
    }
    if (batch.size() < kBatchObjects || moved == moved_before) return moved;
  }
}

}  // namespace limner
