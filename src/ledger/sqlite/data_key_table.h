#pragma once
// Wrapped data keys in SQLite.

#include "ledger/data_keys.h"
#include "ledger/sqlite/audit_appender.h"
#include "ledger/sqlite/database.h"

namespace limner::sqlite {

class SqliteDataKeyTable final : public DataKeyTable {
 public:
  SqliteDataKeyTable(Database& database, AuditAppender& audit) : database_(database), audit_(audit) {}
  Result<std::string> master() override;
  Result<std::optional<WrappedDataKey>> current(std::string_view tenant) override;
  Result<WrappedDataKey> find(std::string_view id) override;
  Result<std::vector<WrappedDataKey>> list() override;
  Result<WrappedDataKey> keep(const WrappedDataKey& key) override;
  Result<int> rewrap(std::string_view master,
                     const std::function<Result<std::string>(const WrappedDataKey&)>& wrap,
                     const AuditParty& by) override;
  Result<int> forget(std::string_view tenant, TimeUs now, const AuditParty& by) override;

 private:
  Database& database_;
  AuditAppender& audit_;
};

}  // namespace limner::sqlite
