#pragma once
// Moves what was committed from the write-ahead log into the database file, beside the writer.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// SQLite's own way is to do so within the commit that finds the log too long, which then takes as long as
/// writing and syncing a few megabytes. Here a thread with a connection of its own does it, without keeping
/// readers or the writer waiting (https://www.sqlite.org/wal.html#ckpt).
class Checkpointer {
 public:
  explicit Checkpointer(Connection db);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// From now on commits of `writer` are counted. Must outlive it.
  void watch(Connection& writer);

 private:
  static int committed(void* self, sqlite3* db, const char* name, int pages);
  void work();

  Connection db_;
  std::mutex mutex_;
  std::condition_variable log_grew_;
  bool due_ = false, stopping_ = false;
  int due_at_, writer_helps_at_;  // pages of the log; only touched by the writer's thread
  std::thread thread_;            // last: it uses all of the above
};

}  // namespace limner::sqlite
