#pragma once
// Settings in SQLite.

#include "ledger/settings.h"
#include "ledger/sqlite/audit_appender.h"
#include "ledger/sqlite/database.h"

namespace limner::sqlite {

class SqliteSettingTable final : public SettingTable {
 public:
  SqliteSettingTable(Database& database, AuditAppender& audit) : database_(database), audit_(audit) {}
  Result<std::optional<Json>> get(std::string_view name) override;
  Result<void> set(std::string_view name, const Json& value, const AuditEvent* event) override;
  Result<Json> get_or_set(std::string_view name, const Json& value) override;

 private:
  Database& database_;
  AuditAppender& audit_;
};

}  // namespace limner::sqlite
