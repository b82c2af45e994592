#include "ledger/sqlite/tenant_events.h"

#include <fmt/format.h>

namespace limner::sqlite {
namespace {

void note(Json& details, const char* name, const Json& before, const Json& after) {
  if (before != after) details[name] = Json::array({before, after});
}

// A leaf has whole numbers only.
Json weight_json(double weight) { return fmt::format("{:g}", weight); }

Json days_json(const std::optional<int>& days) { return days ? Json(*days) : Json(nullptr); }

Json scopes_json(Scopes scopes) {
  Json names = Json::array();
  for (const Scope scope : {Scope::draw, Scope::read, Scope::review, Scope::admin})
    if (scopes & static_cast<Scopes>(scope)) names.push_back(scope_name(scope));
  return names;
}

}  // namespace

AuditEvent tenant_made(const Tenant& tenant, const AuditParty& by) {
  Json details = {{"disabled", tenant.disabled},
                  {"weight", weight_json(tenant.weight)},
                  {"limits", limits_to_json(tenant.limits)},
                  {"retention_days", days_json(tenant.retention_days)},
                  {"legal_hold", tenant.legal_hold}};
  return {"tenant.create", by, {"tenant", tenant.id}, std::move(details), {{"name", tenant.name}}};
}

AuditEvent tenant_changed(const Tenant& before, const Tenant& after, const AuditParty& by) {
  Json details = Json::object();
  note(details, "disabled", before.disabled, after.disabled);
  note(details, "weight", weight_json(before.weight), weight_json(after.weight));
  note(details, "limits", limits_to_json(before.limits), limits_to_json(after.limits));
  note(details, "retention_days", days_json(before.retention_days), days_json(after.retention_days));
  note(details, "legal_hold", before.legal_hold, after.legal_hold);
  if (before.webhook_secret != after.webhook_secret) details["webhook_secret"] = "changed";
  return {"tenant.change", by, {"tenant", before.id}, std::move(details)};
}

AuditEvent key_made(const ApiKey& key, const AuditParty& by) {
  Json details = {
      {"scopes", scopes_json(key.scopes)}, {"expires", key.expires}, {"limits", limits_to_json(key.limits)}};
  return {
      "key.create", by, {"key", key.id}, std::move(details), {{"tenant", key.tenant}, {"name", key.name}}};
}

AuditEvent key_changed(const ApiKey& before, const ApiKey& after, const AuditParty& by) {
  Json details = Json::object();
  note(details, "scopes", scopes_json(before.scopes), scopes_json(after.scopes));
  note(details, "expires", before.expires, after.expires);
  note(details, "revoked", before.revoked, after.revoked);
  note(details, "limits", limits_to_json(before.limits), limits_to_json(after.limits));
  if (before.name != after.name) details["name"] = "changed";
  const bool revoked = before.revoked == 0 && after.revoked != 0;
  return {revoked ? "key.revoke" : "key.change",
          by,
          {"key", before.id},
          std::move(details),
          {{"tenant", before.tenant}}};
}

AuditEvent key_rotated(std::string_view old_id, const ApiKey& fresh, TimeUs old_expires,
                       const AuditParty& by) {
  return {"key.rotate",
          by,
          {"key", std::string(old_id)},
          {{"old_expires", old_expires}, {"scopes", scopes_json(fresh.scopes)}},
          {{"tenant", fresh.tenant}, {"successor", fresh.id}}};
}

}  // namespace limner::sqlite
