#pragma once
// Connections for reading: readers never wait for the writer, nor it for them.

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <utility>
#include <vector>

#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// Thread-safe. As many reads run at once as there are connections; others wait for one to end.
class ReadPool {
 public:
  static Result<std::vector<Connection>> open(const std::filesystem::path& path, int count);
  explicit ReadPool(std::vector<Connection> connections);

  /// Runs `read`, a Result<T>(Connection&), on one snapshot that has every write that has returned.
  template <class F>
  auto run_for(const F& read) -> std::invoke_result_t<F, Connection&> {
    const Lease lease(*this);
    TRY(lease.db.run("BEGIN"));
    auto found = read(lease.db);
    TRY(lease.db.run("COMMIT"));
    return found;
  }

  /// A connection for its holder alone.
  struct Lease {
    explicit Lease(ReadPool& pool) : pool(pool), db(pool.take()) {}
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ReadPool& pool;
    Connection& db;
  };

 private:
  Connection& take();

  std::vector<Connection> connections_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<Connection*> free_;
};

}  // namespace limner::sqlite
