#pragma once
// What must be true between the rows of a ledger.

#include <span>

namespace limner::sqlite {

struct CheckRule {
  const char* name;
  const char* sql;  ///< yields id and text of each row that breaks the rule
};

/// Rules about rows alone.
std::span<const CheckRule> row_rules();

/// Rows that name an object in the store: id, key, size in bytes.
std::span<const CheckRule> object_rules();

}  // namespace limner::sqlite
