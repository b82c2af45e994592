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

// As in_savepoint(), for a write that is alone in its transaction: what fails is undone with that.
std::optional<Error> alone(const Write& write, Connection& db) {
  std::optional<Error> failure = guarded(write, db);
  if (!failure && !db.in_transaction())
    return Error{Code::internal, "ledger", "the transaction ended early", {}};
  return failure;
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

Result<void> Writer::run(const Write& write) {
  Waiting mine{&write, std::nullopt};
  std::unique_lock lock(mutex_);
  if (waiting_.size() >= kWaitingMax)
    return Error{Code::unavailable, "ledger", "too many writes wait", "try again"};
  waiting_.push_back(&mine);
  changed_.wait(lock, [&] { return mine.outcome || !writing_; });
  while (!mine.outcome) {
    writing_ = true;
    const std::vector<Waiting*> group = next_group();
    lock.unlock();
    std::vector<Result<void>> outcomes = commit(group);
    lock.lock();
    for (size_t i = 0; i < group.size(); ++i) group[i]->outcome = std::move(outcomes[i]);
    writing_ = false;
    changed_.notify_all();
  }
  return std::move(*mine.outcome);
}

std::vector<Writer::Waiting*> Writer::next_group() {
  const auto end = waiting_.begin() + static_cast<ptrdiff_t>(std::min(waiting_.size(), kGroupMax));
  std::vector<Waiting*> group(waiting_.begin(), end);
  waiting_.erase(waiting_.begin(), end);
  return group;
}

std::vector<Result<void>> Writer::commit(const std::vector<Waiting*>& group) {
  Result<std::vector<std::optional<Error>>> failures = transact(group);
  // Whatever kept the transaction from standing, none of it may leak into the next.
  if (db_.in_transaction()) static_cast<void>(db_.run("ROLLBACK"));
  std::vector<Result<void>> outcomes;
  for (size_t i = 0; i < group.size(); ++i) {
    std::optional<Error> failure = failures ? std::move((*failures)[i]) : failures.error();
    outcomes.push_back(failure ? Result<void>(std::move(*failure)) : Result<void>());
  }
  return outcomes;
}

Result<std::vector<std::optional<Error>>> Writer::transact(const std::vector<Waiting*>& group) {
  std::vector<std::optional<Error>> failures;
  TRY(db_.run("BEGIN IMMEDIATE"));
  if (group.size() == 1) {
    if (std::optional<Error> failure = alone(*group.front()->write, db_)) return std::move(*failure);
  } else {
    for (const Waiting* each : group) {
      std::optional<Error> failure = TRY(in_savepoint(*each->write, db_));
      failures.push_back(std::move(failure));
    }
  }
  TRY(db_.run("COMMIT"));
  failures.resize(group.size());
  return failures;
}

}  // namespace limner::sqlite
