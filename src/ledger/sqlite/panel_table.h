#pragma once
// Panels in SQLite.

#include "ledger/panels.h"
#include "ledger/sqlite/audit_appender.h"
#include "ledger/sqlite/database.h"

namespace limner::sqlite {

class SqlitePanelTable final : public PanelTable {
 public:
  SqlitePanelTable(Database& database, AuditAppender& audit) : database_(database), audit_(audit) {}
  Result<void> create(const Panel& panel, const std::vector<PanelPair>& pairs) override;
  Result<Panel> find(std::string_view id) override;
  Result<std::vector<Panel>> list(int limit) override;
  Result<std::vector<PanelPair>> pairs(std::string_view id) override;
  Result<std::vector<PanelVote>> votes(std::string_view id) override;
  Result<void> vote(std::string_view id, const PanelVote& vote) override;

 private:
  Database& database_;
  AuditAppender& audit_;
};

}  // namespace limner::sqlite
