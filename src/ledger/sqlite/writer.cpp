#include "ledger/sqlite/writer.h"

#include <algorithm>
#include <exception>

namespace limner::sqlite {
namespace {

// Callers wait for their write, so this is a number of threads; a server has fewer.
constexpr size_t kWaitingMax = 4096;
// Bounds how long the first of a group waits for the last: some tens of microseconds each.
constexpr size_t kGroupMax = 256;

std::optional<Error> guarded(const Write& write, Connection& db) {
  try {
    Result<void> done = write(db);
    return done ? std::nullopt : std::optional(std::move(done).error());
  } catch (const std::bad_alloc&) {
    return Error{Code::exhausted, "ledger", "out of memory", {}};
  } catch (const std::exception& error) {
    return Error{Code::internal, "ledger", error.what(), {}};
  }
}

// Why this write failed, if it did. An Error means that the whole transaction is lost: a failure such as a
// full disk rolls it back, and then there is no savepoint to return to.
Result<std::optional<Error>> in_savepoint(const Write& write, Connection& db) {
  TRY(db.run("SAVEPOINT one"));
  std::optional<Error> failure = guarded(write, db);
  if (!db.in_transaction())
    return failure ? std::move(*failure) : Error{Code::internal, "ledger", "the transaction ended early", {}};
  if (failure) TRY(db.run("ROLLBACK TO one"));
  TRY(db.run("RELEASE one"));
  return failure;
}

}  // namespace

Writer::Writer(Connection db) : db_(std::move(db)), thread_([this] { work(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_came_.notify_one();
  thread_.join();
}

Result<void> Writer::run(const Write& write) {
  Waiting mine{&write, std::nullopt};
  std::unique_lock lock(mutex_);
  if (waiting_.size() >= kWaitingMax)
    return Error{Code::unavailable, "ledger", "too many writes wait", "try again"};
  waiting_.push_back(&mine);
  work_came_.notify_one();
  outcome_came_.wait(lock, [&] { return mine.outcome.has_value(); });
  return std::move(*mine.outcome);
}

void Writer::work() {
  for (auto group = next_group(); !group.empty(); group = next_group()) commit(group);
}

// Empty when there is nothing more to do.
std::vector<Writer::Waiting*> Writer::next_group() {
  std::unique_lock lock(mutex_);
  work_came_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
  const auto end = waiting_.begin() + static_cast<ptrdiff_t>(std::min(waiting_.size(), kGroupMax));
  std::vector<Waiting*> group(waiting_.begin(), end);
  waiting_.erase(waiting_.begin(), end);
  return group;
}

void Writer::commit(const std::vector<Waiting*>& group) {
  Result<std::vector<std::optional<Error>>> failures = transact(group);
  // Whatever kept the transaction from standing, none of it may leak into the next.
  if (db_.in_transaction()) static_cast<void>(db_.run("ROLLBACK"));
  {
    const std::lock_guard lock(mutex_);
    for (size_t i = 0; i < group.size(); ++i) {
      std::optional<Error> failure = failures ? std::move((*failures)[i]) : failures.error();
      group[i]->outcome = failure ? Result<void>(std::move(*failure)) : Result<void>();
    }
  }
  outcome_came_.notify_all();
}

Result<std::vector<std::optional<Error>>> Writer::transact(const std::vector<Waiting*>& group) {
  std::vector<std::optional<Error>> failures;
  TRY(db_.run("BEGIN IMMEDIATE"));
  for (const Waiting* each : group) {
    std::optional<Error> failure = TRY(in_savepoint(*each->write, db_));
    failures.push_back(std::move(failure));
  }
  TRY(db_.run("COMMIT"));
  return failures;
}

}  // namespace limner::sqlite
