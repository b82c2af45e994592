#pragma once
// SQLite over a disk that fails when a test wants it to.

#include <sqlite3.h>

#include <atomic>

namespace limner::sqlite {

/// While it lives, connections that are opened use it. Reading always works.
class FaultyVfs {
 public:
  FaultyVfs();
  ~FaultyVfs();
  FaultyVfs(const FaultyVfs&) = delete;
  FaultyVfs& operator=(const FaultyVfs&) = delete;

  /// The `call`-th write, sync or truncation from now on (0: the next) and `count` - 1 more fail with `code`.
  void fail(int call, int count, int code);
  void heal() { fail(0, 0, SQLITE_OK); }
  /// How many calls failed since fail().
  int failed() const { return failed_; }

 private:
  struct File;
  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags);
  static const sqlite3_io_methods& methods();
  int next_call();

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
  std::atomic<int> calls_ = 0, first_ = 0, count_ = 0, code_ = SQLITE_OK, failed_ = 0;
};

}  // namespace limner::sqlite
