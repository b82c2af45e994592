#pragma once
// The one thread that writes, and how many writes share a commit.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// What is done inside a transaction. An Error undoes this write and no other.
using Write = std::function<Result<void>(Connection&)>;

/// Runs writes in the order in which they came, all that wait in one transaction: with a disk that takes
/// milliseconds to sync, a hundred threads write at the price of one. Thread-safe.
class Writer {
 public:
  explicit Writer(Connection db);
  /// Finishes what waits.
  ~Writer();
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
  void work();
  std::vector<Waiting*> next_group();
  void commit(const std::vector<Waiting*>& group);
  Result<std::vector<std::optional<Error>>> transact(const std::vector<Waiting*>& group);

  Connection db_;
  std::mutex mutex_;
  std::condition_variable work_came_, outcome_came_;
  std::deque<Waiting*> waiting_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace limner::sqlite
