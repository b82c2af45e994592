// /v1/admin/tenants: who may ask for pictures.

#include "api/admin/admin_json.h"
#include "api/answer_with.h"
#include "api/route_groups.h"
#include "base/ids.h"

namespace limner {
namespace {

constexpr size_t kTenantBodyMax = 64u << 10;

Result<Response> list_tenants(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const std::vector<Tenant> tenants = TRY(services.ledger.tenants().list());
  Json data = Json::array();
  for (const Tenant& tenant : tenants) data.push_back(tenant_json(tenant));
  return json_response(200, {{"object", "list"}, {"data", std::move(data)}});
}

Result<Response> create_tenant(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const Json body = TRY(request.json_object());
  if (!body.contains("name")) return invalid("name", "missing");
  Tenant tenant;
  TRY(change_tenant(tenant, body, true));
  tenant.id = new_id("ten");
  tenant.created = services.clock.now();
  if (tenant.webhook_secret.empty()) tenant.webhook_secret = new_webhook_secret();
  const Tenant created = TRY(services.ledger.tenants().create(tenant, sender(request)));
  Response response = json_response(201, tenant_json(created));
  response.headers.emplace_back("Location", "/v1/admin/tenants/" + created.id);
  return response;
}

Result<Response> get_tenant(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const Tenant tenant = TRY(find_tenant(services, request.captures[0], "id"));
  return json_response(200, tenant_json(tenant));
}

Result<Response> update_tenant(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const Json body = TRY(request.json_object());
  Tenant tenant = TRY(find_tenant(services, request.captures[0], "id"));
  TRY(change_tenant(tenant, body, false));
  TRY(services.ledger.tenants().update(tenant, sender(request)));
  return json_response(200, tenant_json(tenant));
}

// Its jobs and usage rows stay, so it is disabled rather than forgotten.
Result<Response> disable_tenant(Services& services, const Request& request) {
  TRY(request.check_query({}));
  Tenant tenant = TRY(find_tenant(services, request.captures[0], "id"));
  tenant.disabled = true;
  TRY(services.ledger.tenants().update(tenant, sender(request)));
  return json_response(200, tenant_json(tenant));
}

const Route kTenantRoutes[] = {
    {.method = "GET",
     .path = "/v1/admin/tenants",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "List tenants.",
     .handle = answer_with<list_tenants>,
     .ok_schema = "#TenantList"},
    {.method = "POST",
     .path = "/v1/admin/tenants",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = kTenantBodyMax,
     .summary = "Make a tenant.",
     .handle = answer_with<create_tenant>,
     .body_schema = "#NewTenant",
     .ok_status = 201,
     .ok_schema = "#Tenant"},
    {.method = "GET",
     .path = "/v1/admin/tenants/{id}",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "A tenant, by id or name.",
     .handle = answer_with<get_tenant>,
     .ok_schema = "#Tenant"},
    {.method = "PUT",
     .path = "/v1/admin/tenants/{id}",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = kTenantBodyMax,
     .summary = "Change a tenant: the members that are given.",
     .handle = answer_with<update_tenant>,
     .body_schema = "#TenantChange",
     .ok_schema = "#Tenant"},
    {.method = "DELETE",
     .path = "/v1/admin/tenants/{id}",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "Disable a tenant. Its jobs and usage stay.",
     .handle = answer_with<disable_tenant>,
     .ok_schema = "#Tenant"},
};

}  // namespace

std::span<const Route> tenant_routes() { return kTenantRoutes; }

}  // namespace limner
