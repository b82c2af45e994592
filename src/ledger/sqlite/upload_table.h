#pragma once
// Uploads in SQLite.

#include "ledger/sqlite/audit_appender.h"
#include "ledger/sqlite/database.h"
#include "ledger/uploads.h"

namespace limner::sqlite {

class SqliteUploadTable final : public UploadTable {
 public:
  SqliteUploadTable(Database& database, AuditAppender& audit, const Clock& clock)
      : database_(database), audit_(audit), clock_(clock) {}
  Result<void> create(const Upload& upload) override;
  Result<Upload> find(std::string_view id) override;
  Result<std::string> digest(std::string_view id) override;
  Result<std::vector<Upload>> list(std::string_view tenant, std::string_view purpose, int limit,
                                   std::string_view before) override;
  Result<void> mark_deleted(std::string_view id, TimeUs now, const AuditParty& by) override;
  Result<std::vector<Upload>> beyond_retention(TimeUs now, int limit) override;

 private:
  Database& database_;
  AuditAppender& audit_;
  const Clock& clock_;
};

}  // namespace limner::sqlite
