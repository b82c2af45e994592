#include "api/admin/admin_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/http/header_text.h"
#include "api/time_text.h"
#include "base/crypto.h"
#include "base/ids.h"
#include "jobs/json_values.h"

namespace limner {
namespace {

constexpr size_t kGivenNameBytesMax = 64;
constexpr int kRetentionDaysMax = 36'500;
constexpr std::string_view kWebhookPrefix = "whsec_";
constexpr Scope kScopes[] = {Scope::draw, Scope::read, Scope::review, Scope::admin};

// Several by blank while secrets are being changed.
Result<std::string> read_webhook_secret(const Json& value) {
  const std::string text = TRY(read_text(value, "webhook_secret", 1024));
  for (std::string_view rest = text; !rest.empty();) {
    const size_t blank = std::min(rest.find(' '), rest.size());
    const std::string_view secret = rest.substr(0, blank);
    const bool named = secret.starts_with(kWebhookPrefix);
    const auto bytes = from_base64(secret.substr(named ? kWebhookPrefix.size() : 0), "webhook_secret", 64);
    if (!named || !bytes || bytes.value().size() < 24)
      return invalid("webhook_secret", "whsec_ and base64 of 24 to 64 bytes are wanted");
    rest.remove_prefix(std::min(blank + 1, rest.size()));
  }
  return text;
}

Result<void> change_member(Tenant& tenant, const std::string& key, const Json& value, bool with_name) {
  if (key == "name" && with_name)
    tenant.name = TRY(read_given_name(value, "name"));
  else if (key == "disabled")
    tenant.disabled = TRY(read_flag(value, key));
  else if (key == "weight")
    tenant.weight = TRY(read_number(value, key, 0.001, 1000));
  else if (key == "limits")
    tenant.limits = value.is_null() ? Limits() : TRY(limits_from_json(value, key));
  else if (key == "legal_hold")
    tenant.legal_hold = TRY(read_flag(value, key));
  else if (key == "webhook_secret")
    tenant.webhook_secret = TRY(read_webhook_secret(value));
  else if (key == "retention_days" && value.is_null())
    tenant.retention_days.reset();
  else if (key == "retention_days")
    tenant.retention_days = TRY(read_whole(value, key, 0, kRetentionDaysMax));
  else
    return invalid(key,
                   fmt::format("there is no such key; there are: {}disabled, weight, limits, retention_days, "
                               "legal_hold, webhook_secret",
                               with_name ? "name, " : ""));
  return {};
}

}  // namespace

AuditParty sender(const Request& request) {
  return request.caller ? AuditParty{"key", request.caller->key.id} : AuditParty{};
}

std::string new_webhook_secret() { return fmt::format("{}{}", kWebhookPrefix, to_base64(random_bytes(24))); }

Result<void> change_tenant(Tenant& tenant, const Json& change, bool with_name) {
  for (const auto& [key, value] : change.items()) TRY(change_member(tenant, key, value, with_name));
  return {};
}

Json tenant_json(const Tenant& tenant) {
  return {{"id", tenant.id},
          {"object", "tenant"},
          {"name", tenant.name},
          {"created", time_json(tenant.created)},
          {"disabled", tenant.disabled},
          {"weight", tenant.weight},
          {"limits", limits_to_json(tenant.limits)},
          {"retention_days", tenant.retention_days ? Json(*tenant.retention_days) : Json(nullptr)},
          {"legal_hold", tenant.legal_hold},
          {"webhook_secret", tenant.webhook_secret}};
}

Json key_json(const ApiKey& key) {
  Json scopes = Json::array();
  for (const Scope scope : kScopes)
    if ((key.scopes & static_cast<Scopes>(scope)) != 0) scopes.push_back(scope_name(scope));
  Json json = {{"id", key.id}, {"object", "key"}, {"tenant", key.tenant}, {"name", key.name}};
  json["scopes"] = std::move(scopes);
  json["created"] = time_json(key.created);
  json["expires"] = time_json(key.expires);
  json["revoked"] = time_json(key.revoked);
  json["used"] = time_json(key.used);
  json["limits"] = limits_to_json(key.limits);
  return json;
}

Result<Tenant> find_tenant(Services& services, const std::string& id_or_name, const char* field) {
  TenantTable& tenants = services.ledger.tenants();
  Result<Tenant> tenant =
      is_id(id_or_name, "ten") ? tenants.find(id_or_name) : tenants.find_by_name(id_or_name);
  if (!tenant && tenant.error().code == Code::not_found) return not_found(field, "there is no such tenant");
  return tenant;
}

Result<Scopes> scopes_from_json(const Json& json) {
  TRY(check_list(json, "scopes", std::size(kScopes)));
  Scopes scopes = 0;
  for (const Json& item : json) {
    const std::string name = TRY(read_text(item, "scopes", 16));
    const Result<Scope> scope = scope_from_name(name);
    if (!scope) return invalid("scopes", "there are: draw, read, review, admin");
    scopes |= static_cast<Scopes>(scope.value());
  }
  if (scopes == 0) return invalid("scopes", "at least one is wanted");
  return scopes;
}

Result<std::string> read_given_name(const Json& value, const char* field) {
  const std::string name = TRY(read_text(value, field, kGivenNameBytesMax));
  const auto odd = [](char c) {
    return !is_alphanumeric(c) && std::string_view("._@- ").find(c) == std::string_view::npos;
  };
  if (std::ranges::any_of(name, odd) || name.starts_with(' ') || name.ends_with(' '))
    return invalid(field, "letters, digits, '.', '_', '@', '-' and blanks inside are taken");
  return name;
}

Result<TimeUs> read_expiry(const Json& value, TimeUs now) {
  if (value.is_null()) return TimeUs(0);
  const std::string text = TRY(read_text(value, "expires", 64));
  const TimeUs expires = TRY(parse_time(text, "expires"));
  if (expires <= now) return invalid("expires", "that is over");
  return expires;
}

}  // namespace limner
