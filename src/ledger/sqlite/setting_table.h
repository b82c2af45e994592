#pragma once
// Settings in SQLite.

#include "ledger/settings.h"
#include "ledger/sqlite/database.h"

namespace limner::sqlite {

class SqliteSettingTable final : public SettingTable {
 public:
  explicit SqliteSettingTable(Database& database) : database_(database) {}
  Result<std::optional<Json>> get(std::string_view name) override;
  Result<void> set(std::string_view name, const Json& value) override;
  Result<Json> get_or_set(std::string_view name, const Json& value) override;

 private:
  Database& database_;
};

}  // namespace limner::sqlite
