#pragma once
// One writes at a time, and how many writes share a commit.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// What is done inside a transaction. An Error undoes this write and no other.
using Write = std::function<Result<void>(Connection&)>;

/// Runs writes in the order in which they came, all that wait in one transaction: with a disk that takes
/// milliseconds to sync, a hundred threads write at the price of one. It has no thread: whoever comes while
/// nobody writes does so, for all that wait, and a write that is alone costs no turn of another thread.
/// Thread-safe.
class Writer {
 public:
  explicit Writer(Connection db) : db_(std::move(db)) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Returns when `write` is committed, or with why it is not: its own Error, or the transaction's.
  /// `unavailable` when too many wait.
  Result<void> run(const Write& write);

  /// Runs `write`, a Result<T>(Connection&), and yields its T.
  template <class F>
  auto run_for(const F& write) -> std::invoke_result_t<F, Connection&> {
    std::optional<std::invoke_result_t<F, Connection&>> found;
    Result<void> committed = run([&](Connection& db) -> Result<void> {
      found.emplace(write(db));
      if (!*found) return found->error();
      return {};
    });
    if (!committed) return std::move(committed).error();
    return std::move(*found);
  }

 private:
  struct Waiting {
    const Write* write;
    std::optional<Result<void>> outcome;  // by mutex_; set once, after the commit
  };
  std::vector<Waiting*> next_group();
  std::vector<Result<void>> commit(const std::vector<Waiting*>& group);
  Result<std::vector<std::optional<Error>>> transact(const std::vector<Waiting*>& group);

  Connection db_;  // of the one who writes
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting*> waiting_;
  bool writing_ = false;
};

}  // namespace limner::sqlite
