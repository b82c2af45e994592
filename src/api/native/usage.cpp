// What was used, and what may still be.

#include <fmt/format.h>

#include <algorithm>

#include "api/answer_with.h"
#include "api/native/job_json.h"
#include "api/query_values.h"
#include "api/route_groups.h"
#include "meter/usage_report.h"

namespace limner {
namespace {

constexpr std::string_view kUsageGroups[] = {"tenant", "key", "model", "tier", "tag", "day", "job"};
constexpr std::string_view kGroupsSchema =
    R"({"type":"string","pattern":"^(tenant|key|model|tier|tag|day|job)(,(tenant|key|model|tier|tag|day|job))*$"})";

Result<std::vector<std::string>> groups_from(std::string_view text) {
  std::vector<std::string> groups;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view name = text.substr(0, comma);
    if (std::ranges::find(kUsageGroups, name) == std::end(kUsageGroups))
      return invalid("by", fmt::format("there are: {}", fmt::join(kUsageGroups, ", ")));
    if (std::ranges::find(groups, name) == groups.end()) groups.emplace_back(name);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return groups;
}

// Admins see whom they name, or everybody; all others themselves.
Result<std::string> tenant_asked(Services& services, const Request& request) {
  const std::optional<std::string> asked = request.query_value("tenant");
  if (!request.caller->key.allows(Scope::admin)) {
    if (asked && *asked != request.caller->tenant.id && *asked != request.caller->tenant.name)
      return Error{
          Code::forbidden, "tenant", "only its own usage is shown to a key without the scope \"admin\"", {}};
    return request.caller->tenant.id;
  }
  if (!asked || asked->empty()) return std::string();
  Result<Tenant> tenant = services.ledger.tenants().find(*asked);
  if (!tenant) tenant = services.ledger.tenants().find_by_name(*asked);
  if (!tenant) return not_found("tenant", "there is no such tenant");
  return tenant.value().id;
}

Result<Response> get_usage(Services& services, const Request& request) {
  TRY(request.check_query({"tenant", "by", "from", "to", "format"}));
  UsageQuery query;
  query.tenant = TRY(tenant_asked(services, request));
  query.by = TRY(groups_from(request.query_value("by").value_or("")));
  query.from = TRY(query_time(request, "from"));
  query.to = TRY(query_time(request, "to"));
  const std::string format = request.query_value("format").value_or("json");
  UsageTable& table = services.ledger.usage();
  if (format == "json") {
    const Json json = TRY(usage_json(table, query, services.prices.currency));
    return json_response(200, json);
  }
  if (format != "csv") return invalid("format", "there are: json, csv");
  Response response;
  response.body = TRY(usage_csv(table, query, services.prices.currency));
  response.content_type = "text/csv; charset=utf-8";
  response.headers.emplace_back("Content-Disposition", "attachment; filename=\"usage.csv\"");
  return response;
}

Json spending_json(const Limits& limits, const Spending& spending) {
  const auto left = [](const auto& limit, int64_t used) {
    return limit ? Json(std::max<int64_t>(int64_t(*limit) - used, 0)) : Json(nullptr);
  };
  Json json = {{"limits", limits_to_json(limits)}};
  json["used"] = {{"concurrent_jobs", spending.open_jobs},
                  {"pictures_today", spending.pictures_today},
                  {"spent_micros", spending.spent_micros},
                  {"reserved_micros", spending.reserved_micros}};
  json["left"] = {
      {"concurrent_jobs", left(limits.concurrent_jobs, spending.open_jobs)},
      {"pictures_today", left(limits.pictures_per_day, spending.pictures_today)},
      {"budget_micros", left(limits.budget_micros, spending.spent_micros + spending.reserved_micros)}};
  return json;
}

Result<Response> get_limits(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const Caller& caller = *request.caller;
  const TimeUs now = services.clock.now();
  const Spending of_tenant = TRY(services.ledger.usage().spending_of_tenant(caller.tenant.id, now));
  const Spending of_key = TRY(services.ledger.usage().spending_of_key(caller.key.id, now));
  Json scopes = Json::array();
  for (const Scope scope : {Scope::draw, Scope::read, Scope::review, Scope::admin})
    if (caller.key.allows(scope)) scopes.push_back(scope_name(scope));
  Json json = {{"currency", services.prices.currency}};
  json["tenant"] = spending_json(caller.tenant.limits, of_tenant);
  json["tenant"]["name"] = caller.tenant.name;
  json["key"] = spending_json(caller.key.limits, of_key);
  json["key"]["id"] = caller.key.id;
  json["key"]["scopes"] = std::move(scopes);
  const JobServiceConfig& config = services.jobs.config();
  json["server"] = {{"pixels_max", config.pixels_max},
                    {"pictures_max", config.pictures_max},
                    {"steps_max", config.steps_max},
                    {"picture_bytes_max", services.uploads.limits().picture_bytes_max}};
  return json_response(200, json);
}

const Route kUsageRoutes[] = {
    {.method = "GET",
     .path = "/v1/usage",
     .access = Access::read,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "What was used and what it cost, as JSON or CSV.",
     .handle = answer_with<get_usage>,
     .query = {{"by", kGroupsSchema, "Groups by comma: tenant, key, model, tier, tag, day, job."},
               {"from", kTimeSchema,
                "Jobs that ended at this time or later: a date, RFC 3339, or seconds since 1970."},
               {"to", kTimeSchema, "Jobs that ended before this time."},
               {"tenant", kTextSchema, "Id or name; admins may name any, and see all without."},
               {"format", R"({"type":"string","enum":["json","csv"],"default":"json"})", "json or csv."}},
     .ok_schema = "#Usage",
     .ok_type = "application/json,text/csv"},
    {.method = "GET",
     .path = "/v1/limits",
     .access = Access::read,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "What the caller may use, has used, and has left.",
     .handle = answer_with<get_limits>,
     .ok_schema = R"({"type":"object"})"},
};

}  // namespace

std::span<const Route> usage_routes() { return kUsageRoutes; }

}  // namespace limner
