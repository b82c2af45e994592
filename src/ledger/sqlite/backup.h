#pragma once
// Copies of the whole database.

#include <filesystem>

#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// Copies what `from` sees at this moment into a new file `to`, synced to the disk; writers go on meanwhile.
/// On an Error there is no such file. What is at `to` is replaced.
Result<void> copy_database(Connection& from, const std::filesystem::path& to);

/// `data_loss` unless the database is whole.
Result<void> check_whole(Connection& db);

}  // namespace limner::sqlite
