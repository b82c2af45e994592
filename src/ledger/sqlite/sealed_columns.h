#pragma once
// Which columns hold texts that are sealed, for what goes through all of them. Who adds such a column adds it
// here, and writes it through Connection::sealed() and reads it through RowTexts.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/ledger.h"
#include "ledger/sqlite/database.h"

namespace limner::sqlite {

/// A table with texts.
struct SealedTable {
  std::string_view table;
  std::vector<std::string_view> key;      ///< its primary key
  std::string_view tenant;                ///< SQL for whose row it is
  std::vector<std::string_view> columns;  ///< texts, or JSON
};
std::span<const SealedTable> sealed_tables();

/// Ledger::seal_texts().
Result<int64_t> seal_all_texts(Database& database);

/// Adds texts that do not open to `found`, but for those whose tenant's key was forgotten.
Result<void> check_texts(Connection& db, std::vector<Disagreement>& found);

}  // namespace limner::sqlite
