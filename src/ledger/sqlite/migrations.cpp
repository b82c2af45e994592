#include "ledger/sqlite/migrations.h"

#include <fmt/format.h>

#include <iterator>

namespace limner::sqlite {
namespace {

// Entry i brings a ledger from version i to i + 1. What was released is never edited: a change is a new file.
constexpr const char* kMigrations[] = {
#include "ledger/sqlite/migrations/0001_tables.inc"
    ,
#include "ledger/sqlite/migrations/0002_audit.inc"
    ,
#include "ledger/sqlite/migrations/0003_incidents.inc"
    ,
#include "ledger/sqlite/migrations/0004_picture_marks.inc"
    ,
#include "ledger/sqlite/migrations/0005_review.inc"
    ,
#include "ledger/sqlite/migrations/0006_panels.inc"
    ,
#include "ledger/sqlite/migrations/0007_data_keys.inc"
    ,
#include "ledger/sqlite/migrations/0008_key_origins.inc"
};
constexpr int64_t kVersion = std::size(kMigrations);
// "LIMN": tells a ledger from any other SQLite file.
constexpr int64_t kApplicationId = 0x4c494d4e;

Result<void> migrate_from(Connection& db, int64_t version) {
  TRY(db.execute(kMigrations[version]));
  return db.execute(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplicationId, version + 1)
          .c_str());
}

Result<bool> is_empty(Connection& db) {
  const int64_t tables = TRY(db.integer("SELECT count(*) FROM sqlite_schema"));
  return tables == 0;
}

// The version is asked inside the transaction: another program may have migrated meanwhile.
Result<bool> migrate_once(Connection& db) {
  TRY(check_version(db));
  const int64_t version = TRY(db.integer("PRAGMA user_version"));
  if (version == kVersion) return false;
  TRY(migrate_from(db, version));
  return true;
}

}  // namespace

Result<void> check_version(Connection& db) {
  const int64_t application = TRY(db.integer("PRAGMA application_id"));
  const int64_t version = TRY(db.integer("PRAGMA user_version"));
  const bool empty = TRY(is_empty(db));
  if (application != kApplicationId && !(application == 0 && empty))
    return unsupported("ledger", "the file is a database, but no ledger of Limner");
  if (version > kVersion)
    return unsupported(
        "ledger", fmt::format("its version is {}; this program knows versions up to {}", version, kVersion),
        "use the newer Limner, or restore a backup of this version");
  return {};
}

Result<void> check_current(Connection& db) {
  const int64_t version = TRY(db.integer("PRAGMA user_version"));
  if (version == kVersion) return {};
  return unsupported("ledger", fmt::format("its version is {}, and this program reads {}", version, kVersion),
                     "limner serve, or any command that writes, brings it up to date");
}

Result<void> migrate(Connection& db) {
  for (bool more = true; more;) {
    TRY(db.execute("BEGIN IMMEDIATE"));
    Result<bool> done = migrate_once(db);
    Result<void> ended = db.execute(done ? "COMMIT" : "ROLLBACK");
    if (!done) return done.error();
    TRY(std::move(ended));
    more = *done;
  }
  return {};
}

}  // namespace limner::sqlite
