// /v1/admin/keys: what tenants ask with.

#include <fmt/format.h>

#include "api/admin/admin_json.h"
#include "api/answer_with.h"
#include "api/query_values.h"
#include "api/route_groups.h"
#include "base/ids.h"
#include "jobs/json_values.h"

namespace limner {
namespace {

constexpr size_t kKeyBodyMax = 64u << 10;
constexpr int kOverlapSecondsMax = 30 * 86'400, kOverlapSeconds = 86'400;

Json new_key_json(const NewKey& made) {
  Json json = key_json(made.key);
  json["key"] = made.text;
  return json;
}

Response created(const NewKey& made) {
  Response response = json_response(201, new_key_json(made));
  response.headers.emplace_back("Location", "/v1/admin/keys/" + made.key.id);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

Result<ApiKey> find_key(Services& services, const Request& request) {
  const std::string& id = request.captures[0];
  if (!is_id(id, "key")) return not_found("id", "there is no such key");
  return services.ledger.tenants().find_key(id);
}

Result<Response> list_keys(Services& services, const Request& request) {
  TRY(request.check_query({"tenant"}));
  std::vector<std::string> tenants;
  if (const auto asked = request.query_value("tenant")) {
    const Tenant tenant = TRY(find_tenant(services, *asked, "tenant"));
    tenants.push_back(tenant.id);
  } else {
    const std::vector<Tenant> all = TRY(services.ledger.tenants().list());
    for (const Tenant& tenant : all) tenants.push_back(tenant.id);
  }
  Json data = Json::array();
  for (const std::string& tenant : tenants) {
    const std::vector<ApiKey> keys = TRY(services.ledger.tenants().list_keys(tenant));
    for (const ApiKey& key : keys) data.push_back(key_json(key));
  }
  return json_response(200, {{"object", "list"}, {"data", std::move(data)}});
}

Result<Response> create_key(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const Json body = TRY(request.json_object());
  for (const char* needed : {"tenant", "name", "scopes"})
    if (!body.contains(needed)) return invalid(needed, "missing");
  for (const auto& [name, value] : body.items())
    if (name != "tenant" && name != "name" && name != "scopes" && name != "expires" && name != "limits")
      return invalid(name, "there is no such key; there are: tenant, name, scopes, expires, limits");
  const std::string tenant_name = TRY(read_text(body["tenant"], "tenant", 64));
  const std::string name = TRY(read_given_name(body["name"], "name"));
  const Scopes scopes = TRY(scopes_from_json(body["scopes"]));
  const TimeUs now = services.clock.now();
  const TimeUs expires = body.contains("expires") ? TRY(read_expiry(body["expires"], now)) : 0;
  Limits limits;
  if (body.contains("limits") && !body["limits"].is_null())
    limits = TRY(limits_from_json(body["limits"], "limits"));
  const Tenant tenant = TRY(find_tenant(services, tenant_name, "tenant"));
  NewKey made = make_key(tenant.id, name, scopes, now, expires);
  made.key.limits = std::move(limits);
  TRY(services.ledger.tenants().create_key(made.key, sender(request)));
  return created(made);
}

Result<Response> get_key(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const ApiKey key = TRY(find_key(services, request));
  return json_response(200, key_json(key));
}

Result<void> change_key(ApiKey& key, const std::string& name, const Json& value, TimeUs now) {
  if (name == "name")
    key.name = TRY(read_given_name(value, "name"));
  else if (name == "scopes")
    key.scopes = TRY(scopes_from_json(value));
  else if (name == "expires")
    key.expires = TRY(read_expiry(value, now));
  else if (name == "limits")
    key.limits = value.is_null() ? Limits() : TRY(limits_from_json(value, "limits"));
  else
    return invalid(name, "there is no such key; there are: name, scopes, expires, limits");
  return {};
}

Result<Response> update_key(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const Json body = TRY(request.json_object());
  ApiKey key = TRY(find_key(services, request));
  const TimeUs now = services.clock.now();
  for (const auto& [name, value] : body.items()) TRY(change_key(key, name, value, now));
  TRY(services.ledger.tenants().update_key(key, sender(request)));
  return json_response(200, key_json(key));
}

Result<Response> revoke_key(Services& services, const Request& request) {
  TRY(request.check_query({}));
  ApiKey key = TRY(find_key(services, request));
  if (key.revoked == 0) {
    key.revoked = services.clock.now();
    TRY(services.ledger.tenants().update_key(key, sender(request)));
  }
  return json_response(200, key_json(key));
}

Result<Response> rotate_key(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const Json body = TRY(request.json_object());
  int overlap = kOverlapSeconds;
  for (const auto& [name, value] : body.items()) {
    if (name != "overlap_seconds") return invalid(name, "there is no such key; there is: overlap_seconds");
    overlap = TRY(read_whole(value, name, 0, kOverlapSecondsMax));
  }
  const ApiKey old = TRY(find_key(services, request));
  const TimeUs now = services.clock.now();
  if (!old.valid_at(now))
    return Error{Code::conflict, "id", "this key is revoked or expired", "make a new one"};
  NewKey made = make_key(old.tenant, old.name, old.scopes, now, old.expires);
  made.key.limits = old.limits;
  TRY(services.ledger.tenants().rotate_key(old.id, made.key, now + overlap * kSecondUs, sender(request)));
  return created(made);
}

const Route kKeyRoutes[] = {
    {.method = "GET",
     .path = "/v1/admin/keys",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "List keys.",
     .handle = answer_with<list_keys>,
     .query = {{"tenant", kTextSchema, "Of this tenant, by id or name."}},
     .ok_schema = "#KeyList"},
    {.method = "POST",
     .path = "/v1/admin/keys",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = kKeyBodyMax,
     .summary = "Make a key. The key itself is in this answer and nowhere else.",
     .handle = answer_with<create_key>,
     .body_schema = "#NewKey",
     .ok_status = 201,
     .ok_schema = "#Key"},
    {.method = "GET",
     .path = "/v1/admin/keys/{id}",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "A key, without its secret.",
     .handle = answer_with<get_key>,
     .ok_schema = "#Key"},
    {.method = "PUT",
     .path = "/v1/admin/keys/{id}",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = kKeyBodyMax,
     .summary = "Change a key: the members that are given.",
     .handle = answer_with<update_key>,
     .body_schema =
         R"({"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":64},"scopes":{"type":"array","minItems":1,"maxItems":4,"items":{"type":"string","enum":["draw","read","review","admin"]}},"expires":{"type":["string","null"]},"limits":{"$ref":"#/components/schemas/Limits"}},"additionalProperties":false})",
     .ok_schema = "#Key"},
    {.method = "DELETE",
     .path = "/v1/admin/keys/{id}",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "Revoke a key: within two seconds it opens nothing.",
     .handle = answer_with<revoke_key>,
     .ok_schema = "#Key"},
    {.method = "POST",
     .path = "/v1/admin/keys/{id}/rotate",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = kKeyBodyMax,
     .summary = "Make a successor of a key; both open until the old one expires.",
     .handle = answer_with<rotate_key>,
     .body_schema =
         R"({"type":"object","properties":{"overlap_seconds":{"type":"integer","minimum":0,"maximum":2592000,"default":86400}},"additionalProperties":false})",
     .ok_status = 201,
     .ok_schema = "#Key"},
};

}  // namespace

std::span<const Route> key_routes() { return kKeyRoutes; }

}  // namespace limner
