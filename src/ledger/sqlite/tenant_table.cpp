#include "ledger/sqlite/tenant_table.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/ids.h"
#include "ledger/sqlite/tenant_events.h"

namespace limner::sqlite {
namespace {

std::string tenants_where(const char* condition) {
  return std::string(
             "SELECT id, name, created, disabled, weight, limits, retention_days, legal_hold, webhook_secret"
             " FROM tenants WHERE ") +
         condition;
}

std::string keys_where(const char* condition) {
  return std::string(
             "SELECT id, tenant, name, secret_sha256, scopes, created, expires, revoked, used, limits"
             " FROM api_keys WHERE ") +
         condition;
}

Result<Limits> limits_column(const Rows& rows, int column) {
  const Json json = TRY(rows.json(column));
  return limits_from_json(json, "limits");
}

Result<Tenant> read_tenant(const Rows& rows) {
  Tenant tenant;
  tenant.id = rows.text(0);
  tenant.name = rows.text(1);
  tenant.created = rows.integer(2);
  tenant.disabled = rows.boolean(3);
  tenant.weight = rows.real(4);
  tenant.limits = TRY(limits_column(rows, 5));
  if (!rows.is_null(6)) tenant.retention_days = rows.number(6);
  tenant.legal_hold = rows.boolean(7);
  tenant.webhook_secret = rows.text(8);
  return tenant;
}

Result<ApiKey> read_key(const Rows& rows) {
  ApiKey key;
  key.id = rows.text(0);
  key.tenant = rows.text(1);
  key.name = rows.text(2);
  key.secret_sha256 = rows.text(3);
  key.scopes = static_cast<Scopes>(rows.integer(4));
  key.created = rows.integer(5);
  key.expires = rows.integer(6);
  key.revoked = rows.integer(7);
  key.used = rows.integer(8);
  key.limits = TRY(limits_column(rows, 9));
  return key;
}

Error no_tenant(std::string_view name) {
  return not_found("tenant", fmt::format("there is no tenant '{}'", name.substr(0, 100)));
}

Error no_key(std::string_view id) {
  return not_found("key", fmt::format("there is no key '{}'", id.substr(0, 100)));
}

Result<Tenant> find_tenant(Connection& db, const char* condition, std::string_view name) {
  std::optional<Tenant> tenant = TRY(db.first<Tenant>(read_tenant, tenants_where(condition), {name}));
  if (!tenant) return no_tenant(name);
  return std::move(*tenant);
}

Result<ApiKey> find_one_key(Connection& db, const char* condition, std::string_view value,
                            const Error& missing) {
  std::optional<ApiKey> key = TRY(db.first<ApiKey>(read_key, keys_where(condition), {value}));
  if (!key) return missing;
  return std::move(*key);
}

bool is_admin(Scopes scopes) { return (scopes & static_cast<Scopes>(Scope::admin)) != 0; }

Result<void> insert_key(Connection& db, const ApiKey& key, std::string_view rotated_from) {
  TRY(find_tenant(db, "id = ?", key.tenant));
  TRY(
      db.run("INSERT INTO api_keys (id, tenant, name, secret_sha256, scopes, created, expires, revoked, used,"
             " limits, rotated_from, admin_since) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
             {key.id, key.tenant, key.name, key.secret_sha256, key.scopes, key.created, key.expires,
              key.revoked, key.used, json_column(limits_to_json(key.limits)), rotated_from,
              is_admin(key.scopes) ? key.created : 0}));
  return {};
}

}  // namespace

Result<Tenant> SqliteTenantTable::create(const Tenant& wanted, const AuditParty& by) {
  Tenant tenant = wanted;
  if (tenant.id.empty()) tenant.id = new_id("ten");
  if (tenant.webhook_secret.empty()) tenant.webhook_secret = "whsec_" + to_base64(random_bytes(32));
  return database_.write([&](Connection& db) -> Result<Tenant> {
    const int64_t taken = TRY(db.integer("SELECT count(*) FROM tenants WHERE name = ?", {tenant.name}));
    if (taken)
      return Error{Code::conflict, "name", fmt::format("a tenant '{}' exists already", tenant.name), {}};
    TRY(
        db.run("INSERT INTO tenants (id, name, created, disabled, weight, limits, retention_days, legal_hold,"
               " webhook_secret) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
               {tenant.id, tenant.name, tenant.created, tenant.disabled, tenant.weight,
                json_column(limits_to_json(tenant.limits)), tenant.retention_days, tenant.legal_hold,
                tenant.webhook_secret}));
    TRY(audit_.append(db, tenant_made(tenant, by)));
    return tenant;
  });
}

Result<Tenant> SqliteTenantTable::find(std::string_view id) {
  return database_.read([&](Connection& db) { return find_tenant(db, "id = ?", id); });
}

Result<Tenant> SqliteTenantTable::find_by_name(std::string_view name) {
  return database_.read([&](Connection& db) { return find_tenant(db, "name = ?", name); });
}

Result<std::vector<Tenant>> SqliteTenantTable::list() {
  return database_.read(
      [](Connection& db) { return db.collect<Tenant>(read_tenant, tenants_where("true ORDER BY name")); });
}

Result<void> SqliteTenantTable::update(const Tenant& tenant, const AuditParty& by) {
  return database_.write([&](Connection& db) -> Result<void> {
    const Tenant before = TRY(find_tenant(db, "id = ?", tenant.id));
    TRY(
        db.run("UPDATE tenants SET disabled = ?, weight = ?, limits = ?, retention_days = ?, legal_hold = ?,"
               " webhook_secret = ? WHERE id = ?",
               {tenant.disabled, tenant.weight, json_column(limits_to_json(tenant.limits)),
                tenant.retention_days, tenant.legal_hold, tenant.webhook_secret, tenant.id}));
    TRY(audit_.append(db, tenant_changed(before, tenant, by)));
    return {};
  });
}

Result<void> SqliteTenantTable::create_key(const ApiKey& key, const AuditParty& by) {
  return database_.write([&](Connection& db) -> Result<void> {
    TRY(insert_key(db, key, ""));
    TRY(audit_.append(db, key_made(key, by)));
    return {};
  });
}

Result<ApiKey> SqliteTenantTable::find_key(std::string_view id) {
  return database_.read([&](Connection& db) { return find_one_key(db, "id = ?", id, no_key(id)); });
}

Result<ApiKey> SqliteTenantTable::find_key_by_secret(std::string_view secret_sha256) {
  return database_.read([&](Connection& db) {
    return find_one_key(db, "secret_sha256 = ?", secret_sha256, not_found("key", "no key has this secret"));
  });
}

Result<std::vector<ApiKey>> SqliteTenantTable::list_keys(std::string_view tenant) {
  return database_.read([&](Connection& db) {
    return db.collect<ApiKey>(read_key, keys_where("tenant = ? ORDER BY id"), {tenant});
  });
}

Result<void> SqliteTenantTable::update_key(const ApiKey& key, const AuditParty& by) {
  return database_.write([&](Connection& db) -> Result<void> {
    const ApiKey before = TRY(find_one_key(db, "id = ?", key.id, no_key(key.id)));
    TRY(db.run(
        "UPDATE api_keys SET name = ?, scopes = ?, expires = ?, revoked = ?, limits = ? WHERE id = ?",
        {key.name, key.scopes, key.expires, key.revoked, json_column(limits_to_json(key.limits)), key.id}));
    if (is_admin(key.scopes) != is_admin(before.scopes))
      TRY(db.run("UPDATE api_keys SET admin_since = ? WHERE id = ?",
                 {is_admin(key.scopes) ? clock_.now() : 0, key.id}));
    TRY(audit_.append(db, key_changed(before, key, by)));
    return {};
  });
}

Result<void> SqliteTenantTable::rotate_key(std::string_view old_id, const ApiKey& fresh, TimeUs old_expires,
                                           const AuditParty& by) {
  return database_.write([&](Connection& db) -> Result<void> {
    const int changed =
        TRY(db.run("UPDATE api_keys SET expires = CASE WHEN expires = 0 THEN ?2 ELSE min(expires, ?2) END"
                   " WHERE id = ?1 AND tenant = ?3",
                   {old_id, old_expires, fresh.tenant}));
    if (changed == 0) return no_key(old_id);
    TRY(insert_key(db, fresh, old_id));
    TRY(audit_.append(db, key_rotated(old_id, fresh, old_expires, by)));
    return {};
  });
}

}  // namespace limner::sqlite
