#pragma once
// Incidents in SQLite.

#include "ledger/incidents.h"
#include "ledger/sqlite/audit_appender.h"
#include "ledger/sqlite/database.h"

namespace limner::sqlite {

class SqliteIncidentTable final : public IncidentTable {
 public:
  SqliteIncidentTable(Database& database, AuditAppender& audit) : database_(database), audit_(audit) {}
  Result<void> open(const Incident& incident) override;
  Result<Incident> find(std::string_view id) override;
  Result<std::vector<Incident>> list(int limit, std::string_view before) override;
  Result<std::vector<Incident>> holding(TimeUs now) override;
  Result<Incident> lift(std::string_view id, const AuditParty& by, TimeUs now) override;
  Result<std::vector<std::string>> jobs_ended(TimeUs from, TimeUs to, int limit) override;

 private:
  Database& database_;
  AuditAppender& audit_;
};

}  // namespace limner::sqlite
