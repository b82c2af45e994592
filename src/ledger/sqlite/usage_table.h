#pragma once
// Usage in SQLite.

#include "ledger/sqlite/database.h"
#include "ledger/usage.h"

namespace limner::sqlite {

class SqliteUsageTable final : public UsageTable {
 public:
  explicit SqliteUsageTable(Database& database) : database_(database) {}
  Result<std::vector<UsageSum>> sums(const UsageQuery& query) override;
  Result<UsageRow> of_job(std::string_view job) override;
  Result<Spending> spending_of_tenant(std::string_view tenant, TimeUs now) override;
  Result<Spending> spending_of_key(std::string_view key, TimeUs now) override;

 private:
  Database& database_;
};

}  // namespace limner::sqlite
