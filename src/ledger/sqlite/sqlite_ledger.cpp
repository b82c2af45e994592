#include "ledger/sqlite/sqlite_ledger.h"

#include <fmt/format.h>

#include "ledger/sqlite/backup.h"
#include "ledger/sqlite/migrations.h"

namespace limner {
namespace sqlite {
namespace {

// Reads take tens of microseconds; more at once than this would only wait for the cores.
constexpr int kReaders = 6;
// The write-ahead log is cut back to this after it was longer.
constexpr int64_t kLogBytesKept = 64 << 20;

Result<Connection> open_writer(const LedgerConfig& config) {
  Connection writer = TRY(Connection::open(config.path, Connection::Mode::create));
  TRY(check_version(writer));
  TRY(writer.execute("PRAGMA journal_mode = WAL"));
  // What is erased, or a key that is forgotten, is not to be found in free pages afterwards.
  TRY(writer.execute("PRAGMA secure_delete = ON"));
  TRY(writer.execute(fmt::format("PRAGMA synchronous = {}; PRAGMA journal_size_limit = {}",
                                 config.durability == Durability::power ? "FULL" : "NORMAL", kLogBytesKept)
                         .c_str()));
  TRY(migrate(writer));
  return writer;
}

Result<SqliteLedger::Connections> open_connections(const LedgerConfig& config) {
  Connection writer = TRY(open_writer(config));
  Connection checkpointer = TRY(Connection::open(config.path, Connection::Mode::write));
  std::vector<Connection> readers = TRY(ReadPool::open(config.path, kReaders));
  return SqliteLedger::Connections{std::move(writer), std::move(checkpointer), std::move(readers)};
}

}  // namespace

Connection SqliteLedger::watched(Connection writer, Checkpointer& checkpointer) {
  checkpointer.watch(writer);
  return writer;
}

SqliteLedger::SqliteLedger(Connections connections, const LedgerConfig& config, const Clock& clock)
    : clock_(clock),
      checkpointer_(std::move(connections.checkpointer)),
      writer_(watched(std::move(connections.writer), checkpointer_)),
      readers_(std::move(connections.readers)),
      deferred_(writer_, clock),
      database_(writer_, readers_),
      appender_(audit_key_path(config), clock),
      checkpoints_(database_, appender_, clock, config.audit_checkpoint_rows,
                   config.audit_checkpoint_seconds),
      tenants_(database_, deferred_, appender_),
      jobs_(database_, appender_),
      pictures_(database_, deferred_, appender_),
      usage_(database_),
      uploads_(database_, appender_, clock),
      batches_(database_),
      deliveries_(database_),
      settings_(database_, appender_),
      audit_(database_, appender_, checkpoints_),
      incidents_(database_, appender_),
      reviews_(database_, appender_),
      panels_(database_, appender_),
      data_keys_(database_, appender_) {}

Result<void> SqliteLedger::backup(const std::filesystem::path& to) {
  std::error_code ignored;
  if (std::filesystem::exists(to, ignored))
    return Error{Code::conflict, to.string(), "the file exists already", "name one that does not"};
  // So that the copy's leaves are covered also where the key is not.
  TRY(checkpoints_.make());
  const ReadPool::Lease lease(readers_);
  return copy_database(lease.db, to);
}

Result<void> SqliteLedger::probe() {
  return database_.write([&](Connection& db) -> Result<void> {
    TRY(db.run("UPDATE probe SET at = ?", {clock_.now()}));
    return {};
  });
}

}  // namespace sqlite

std::filesystem::path audit_key_path(const LedgerConfig& config) {
  return config.audit_key.empty() ? config.path.parent_path() / "audit.key" : config.audit_key;
}

Result<std::unique_ptr<Ledger>> open_ledger(const LedgerConfig& config, const Clock& clock) {
  sqlite::SqliteLedger::Connections connections = TRY(sqlite::open_connections(config));
  return std::unique_ptr<Ledger>(
      std::make_unique<sqlite::SqliteLedger>(std::move(connections), config, clock));
}

}  // namespace limner
