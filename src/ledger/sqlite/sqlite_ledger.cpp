#include "ledger/sqlite/sqlite_ledger.h"

#include <fmt/format.h>

#include "ledger/sqlite/backup.h"
#include "ledger/sqlite/migrations.h"
#include "ledger/sqlite/text_seal.h"

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
  const std::string master = TRY(find_master(writer));
  return SqliteLedger::Connections{std::move(writer), std::move(checkpointer), std::move(readers),
                                   !master.empty()};
}

}  // namespace

Connection SqliteLedger::watched(Connection writer, Checkpointer& checkpointer) {
  checkpointer.watch(writer);
  return writer;
}

Connection SqliteLedger::sealing(Connection db, const LedgerConfig& config, AuditAppender& audit,
                                 bool encrypted) {
  if (config.text_keys)
    db.seal_with(sealed_texts(*config.text_keys, audit));
  else if (encrypted)
    db.seal_with(locked_texts());
  return db;
}

std::vector<Connection> SqliteLedger::sealing(std::vector<Connection> readers, const LedgerConfig& config,
                                              AuditAppender& audit, bool encrypted) {
  for (Connection& reader : readers) reader = sealing(std::move(reader), config, audit, encrypted);
  return readers;
}

SqliteLedger::SqliteLedger(Connections connections, const LedgerConfig& config, const Clock& clock)
    : clock_(clock),
      path_(config.path),
      appender_(audit_key_path(config), clock),
      checkpointer_(std::move(connections.checkpointer)),
      writer_(watched(sealing(std::move(connections.writer), config, appender_, connections.encrypted),
                      checkpointer_)),
      readers_(sealing(std::move(connections.readers), config, appender_, connections.encrypted)),
      deferred_(writer_, clock),
      database_(writer_, readers_),
      checkpoints_(database_, appender_, clock, config.audit_checkpoint_rows,
                   config.audit_checkpoint_seconds),
      tenants_(database_, deferred_, appender_, clock_),
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

Result<void> SqliteLedger::settle() {
  Connection db = TRY(Connection::open(path_, Connection::Mode::write));
  // Waits for readers and the writer as long as a connection waits for any lock.
  Rows rows = TRY(db.query("PRAGMA wal_checkpoint(TRUNCATE)"));
  const bool any = TRY(rows.next());
  if (any && rows.integer(0) == 0) return {};
  return Error{Code::unavailable, "ledger", "its log is in use and was not emptied", "retry after 10 s"};
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
