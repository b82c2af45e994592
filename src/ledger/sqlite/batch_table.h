#pragma once
// Batches in SQLite.

#include "ledger/batches.h"
#include "ledger/sqlite/database.h"

namespace limner::sqlite {

class SqliteBatchTable final : public BatchTable {
 public:
  explicit SqliteBatchTable(Database& database) : database_(database) {}
  Result<void> create(const Batch& batch) override;
  Result<Batch> find(std::string_view id) override;
  Result<std::vector<Batch>> list(std::string_view tenant, int limit, std::string_view before) override;
  Result<std::vector<Batch>> unfinished() override;
  Result<void> update(const Batch& batch) override;
  Result<void> add_items(const Batch& batch, const std::vector<BatchItem>& items) override;
  Result<std::vector<BatchItem>> open_items(std::string_view batch, int limit) override;
  Result<std::vector<BatchItem>> items(std::string_view batch, int after_line, int limit) override;
  Result<void> update_item(const BatchItem& item) override;
  Result<Batch> find_by_file(std::string_view tenant, std::string_view file) override;

 private:
  Database& database_;
};

}  // namespace limner::sqlite
