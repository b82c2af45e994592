#pragma once
// Tenants and keys in SQLite.

#include "ledger/sqlite/audit_appender.h"
#include "ledger/sqlite/database.h"
#include "ledger/sqlite/deferred_writes.h"
#include "ledger/tenants.h"

namespace limner::sqlite {

class SqliteTenantTable final : public TenantTable {
 public:
  SqliteTenantTable(Database& database, DeferredWrites& deferred, AuditAppender& audit, const Clock& clock)
      : database_(database), deferred_(deferred), audit_(audit), clock_(clock) {}
  Result<Tenant> create(const Tenant& tenant, const AuditParty& by) override;
  Result<Tenant> find(std::string_view id) override;
  Result<Tenant> find_by_name(std::string_view name) override;
  Result<std::vector<Tenant>> list() override;
  Result<void> update(const Tenant& tenant, const AuditParty& by) override;
  Result<void> create_key(const ApiKey& key, const AuditParty& by) override;
  Result<ApiKey> find_key(std::string_view id) override;
  Result<ApiKey> find_key_by_secret(std::string_view secret_sha256) override;
  Result<std::vector<ApiKey>> list_keys(std::string_view tenant) override;
  Result<void> update_key(const ApiKey& key, const AuditParty& by) override;
  Result<void> rotate_key(std::string_view old_id, const ApiKey& fresh, TimeUs old_expires,
                          const AuditParty& by) override;
  void touch_key(std::string_view id, TimeUs now) override { deferred_.touch_key(id, now); }

 private:
  Database& database_;
  DeferredWrites& deferred_;
  AuditAppender& audit_;
  const Clock& clock_;
};

}  // namespace limner::sqlite
