#pragma once
// The ledger's tables, and how an older ledger becomes a newer one.

#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// Brings the database to this program's version, each step in a transaction of its own. Two programs may do
/// so at once. `unsupported`: a newer Limner's ledger, or a database that is no ledger at all.
Result<void> migrate(Connection& db);

/// `unsupported` unless the database is a ledger of this program's version or an older one.
Result<void> check_version(Connection& db);

/// `unsupported` unless the database is of this program's version: what only reads does not migrate.
Result<void> check_current(Connection& db);

}  // namespace limner::sqlite
