#include "ledger/sqlite/read_pool.h"

namespace limner::sqlite {

Result<std::vector<Connection>> ReadPool::open(const std::filesystem::path& path, int count) {
  std::vector<Connection> connections;
  for (int i = 0; i < count; ++i) {
    Connection connection = TRY(Connection::open(path, Connection::Mode::read_only));
    connections.push_back(std::move(connection));
  }
  return connections;
}

ReadPool::ReadPool(std::vector<Connection> connections) : connections_(std::move(connections)) {
  for (Connection& connection : connections_) free_.push_back(&connection);
}

Connection& ReadPool::take() {
  std::unique_lock lock(mutex_);
  given_back_.wait(lock, [&] { return !free_.empty(); });
  Connection* connection = free_.back();
  free_.pop_back();
  return *connection;
}

ReadPool::Lease::~Lease() {
  // A read that failed left its transaction open.
  if (db.in_transaction()) static_cast<void>(db.run("ROLLBACK"));
  {
    const std::lock_guard lock(pool.mutex_);
    pool.free_.push_back(&db);
  }
  pool.given_back_.notify_one();
}

}  // namespace limner::sqlite
