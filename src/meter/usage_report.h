#pragma once
// Usage as people and spreadsheets read it.

#include <string>
#include <vector>

#include "base/json.h"
#include "ledger/usage.h"

namespace limner {

/// {"total":{"jobs","pictures","engine_seconds","pixels","bytes_stored","bytes_sent","cost","currency"},
///  "rows":[{"tenant":...,"day":...,same}]}: a member for each name in query.by. Cost as decimal text is a
///  number
/// in the currency's units.
Result<Json> usage_json(UsageTable& table, const UsageQuery& query, const std::string& currency);
/// RFC 4180, a header line first; text that a spreadsheet would take for a formula is quoted with a leading
/// '.
Result<std::string> usage_csv(UsageTable& table, const UsageQuery& query, const std::string& currency);

/// Splits the measured time of a step among the drawings in it by their rows; the parts sum to the whole
/// exactly.
std::vector<int64_t> share_by_rows(int64_t total_us, const std::vector<int>& rows);

}  // namespace limner
