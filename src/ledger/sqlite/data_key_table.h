#pragma once
// Wrapped data keys in SQLite.

#include "ledger/data_keys.h"
#include "ledger/sqlite/audit_appender.h"
#include "ledger/sqlite/database.h"

namespace limner::sqlite {

/// What the calls of the table do, within a transaction.
Result<std::string> find_master(Connection& db);
Result<std::optional<WrappedDataKey>> find_current_key(Connection& db, std::string_view tenant);
Result<std::optional<WrappedDataKey>> find_data_key(Connection& db, std::string_view id);
Result<WrappedDataKey> keep_key(Connection& db, AuditAppender& audit, const WrappedDataKey& key);

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
