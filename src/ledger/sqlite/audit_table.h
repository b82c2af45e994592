#pragma once
// The audit log in SQLite.

#include "ledger/audit.h"
#include "ledger/sqlite/audit_appender.h"
#include "ledger/sqlite/audit_checkpoints.h"
#include "ledger/sqlite/database.h"

namespace limner::sqlite {

class SqliteAuditTable final : public AuditTable {
 public:
  SqliteAuditTable(Database& database, AuditAppender& appender, AuditCheckpoints& checkpoints)
      : database_(database), appender_(appender), checkpoints_(checkpoints) {}
  Result<uint64_t> record(const AuditEvent& event) override;
  Result<std::vector<AuditRecord>> list(const AuditQuery& query) override;
  Result<std::vector<AuditRecord>> read(uint64_t from, int limit) override;
  Result<std::string> checkpoint() override { return checkpoints_.make(); }
  Result<AuditProof> prove(uint64_t seq) override;
  Result<int> erase(std::string_view value, const AuditParty& by) override;

 private:
  Database& database_;
  AuditAppender& appender_;
  AuditCheckpoints& checkpoints_;
};

}  // namespace limner::sqlite
