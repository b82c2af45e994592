#include "ledger/sqlite/deferred_writes.h"

#include <algorithm>
#include <chrono>

#include "ledger/sqlite/charges.h"

namespace limner::sqlite {
namespace {

constexpr auto kDeferredPeriod = std::chrono::seconds(1);
constexpr TimeUs kMinuteUs = 60 * kSecondUs;
// Entries are keys and pictures of one period; more only gather while the disk refuses every write.
constexpr size_t kGatheredMax = 100'000;

}  // namespace

DeferredWrites::DeferredWrites(Writer& writer, const Clock& clock)
    : writer_(writer), clock_(clock), thread_([this] { work(); }) {}

DeferredWrites::~DeferredWrites() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_one();
  thread_.join();
  static_cast<void>(flush());
}

void DeferredWrites::touch_key(std::string_view id, TimeUs now) {
  Gathered one;
  one.used.emplace(id, now - now % kMinuteUs);
  gather(one);
}

void DeferredWrites::add_sent(std::string_view picture, uint64_t bytes, int64_t cost_micros) {
  Gathered one;
  one.sent.emplace(picture, Sent{bytes, cost_micros});
  gather(one);
}

void DeferredWrites::gather(const Gathered& more) {
  const std::lock_guard lock(mutex_);
  if (gathered_.used.size() + gathered_.sent.size() >= kGatheredMax) return;
  for (const auto& [id, used] : more.used) {
    TimeUs& last = gathered_.used[id];
    last = std::max(last, used);
  }
  for (const auto& [id, sent] : more.sent) {
    Sent& sum = gathered_.sent[id];
    sum.bytes += sent.bytes;
    sum.cost_micros += sent.cost_micros;
  }
}

Result<void> DeferredWrites::flush() {
  const std::lock_guard flushing(flushing_);
  Gathered taken;
  {
    const std::lock_guard lock(mutex_);
    std::swap(taken, gathered_);
  }
  if (taken.empty()) return {};
  Result<void> written = writer_.run([&](Connection& db) { return write(db, taken); });
  if (!written) gather(taken);
  return written;
}

Result<void> DeferredWrites::write(Connection& db, const Gathered& gathered) const {
  for (const auto& [id, used] : gathered.used)
    TRY(db.run("UPDATE api_keys SET used = ?2 WHERE id = ?1 AND used < ?2", {id, used}));
  for (const auto& [id, sent] : gathered.sent) {
    const std::optional<std::string> job = TRY(db.first<std::string>(
        text_column,
        "UPDATE pictures SET bytes_sent = bytes_sent + ?2, cost_micros = cost_micros + ?3"
        " WHERE id = ?1 RETURNING job",
        {id, sent.bytes, sent.cost_micros}));
    if (!job) continue;
    TRY(db.run("UPDATE usage SET bytes_sent = bytes_sent + ?2 WHERE job = ?1", {*job, sent.bytes}));
    TRY(charge(db, *job, sent.cost_micros, clock_.now()));
  }
  return {};
}

void DeferredWrites::work() {
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, kDeferredPeriod, [&] { return stopping_; })) {
    lock.unlock();
    // A failure keeps what was gathered for the next turn; whoever needs to know calls flush().
    static_cast<void>(flush());
    lock.lock();
  }
}

}  // namespace limner::sqlite
