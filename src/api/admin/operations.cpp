// /v1/admin: how the server stands, and the switches of its operator.

#include "api/admin/admin_json.h"
#include "api/answer_with.h"
#include "api/native/job_json.h"
#include "api/route_groups.h"
#include "api/schemas.h"
#include "api/time_text.h"
#include "jobs/json_values.h"

namespace limner {
namespace {

constexpr size_t kOperationBodyMax = 4096;
constexpr const char* kPausedSetting = "paused_tiers";

Json paused_json(const WorkerStatus& status) {
  Json paused = Json::array();
  for (int tier = 0; tier < kTierCount; ++tier)
    if (status.paused[tier]) paused.push_back(tier_name(static_cast<Tier>(tier)));
  return paused;
}

// The worker is told first and asked for the whole: two that change different tiers at once both last.
Result<Response> set_paused(Services& services, const Request& request, bool paused) {
  TRY(request.check_query({}));
  const Json body = TRY(request.json_object());
  if (!body.contains("tier") || body.size() != 1) return invalid("tier", "one is wanted, and nothing else");
  const std::string name = TRY(read_text(body["tier"], "tier", 16));
  const Tier tier = TRY(tier_from_name(name));
  services.worker.set_paused(static_cast<TierNumber>(tier), paused);
  const Json all = paused_json(services.worker.status());
  const AuditEvent event{
      paused ? "tier.pause" : "tier.resume", sender(request), {"tier", name}, {{"paused", all}}};
  TRY(services.ledger.settings().set(kPausedSetting, all, &event));
  return json_response(200, {{"paused", all}});
}

Result<Response> pause(Services& services, const Request& request) {
  return set_paused(services, request, true);
}
Result<Response> resume(Services& services, const Request& request) {
  return set_paused(services, request, false);
}

Json queue_json(const std::vector<QueueDepth>& depths) {
  Json queue = Json::object();
  for (size_t tier = 0; tier < depths.size(); ++tier)
    queue[tier_name(static_cast<Tier>(tier))] = {{"waiting", depths[tier].jobs},
                                                 {"predicted_seconds", depths[tier].predicted_seconds},
                                                 {"oldest", time_json(depths[tier].oldest)}};
  return queue;
}

Json models_json(const std::vector<PoolStatus>& pool) {
  static constexpr const char* kStates[] = {"absent", "waiting", "loading", "ready", "failed"};
  Json models = Json::array();
  for (const PoolStatus& status : pool)
    models.push_back({{"key", status.key},
                      {"model", status.model},
                      {"state", kStates[static_cast<int>(status.state)]},
                      {"progress", status.progress},
                      {"bytes", status.bytes},
                      {"error", status.error}});
  return models;
}

Result<Json> budgets_json(Services& services) {
  Json budgets = Json::array();
  const std::vector<Tenant> tenants = TRY(services.ledger.tenants().list());
  for (const Tenant& tenant : tenants) {
    const Spending spending =
        TRY(services.ledger.usage().spending_of_tenant(tenant.id, services.clock.now()));
    const auto& budget = tenant.limits.budget_micros;
    budgets.push_back({{"tenant", tenant.name},
                       {"open_jobs", spending.open_jobs},
                       {"pictures_today", spending.pictures_today},
                       {"spent", money_number(spending.spent_micros)},
                       {"reserved", money_number(spending.reserved_micros)},
                       {"budget", budget ? Json(money_number(*budget)) : Json(nullptr)}});
  }
  return budgets;
}

Result<Response> get_status(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const std::vector<QueueDepth> depths = TRY(services.ledger.jobs().depths());
  Json budgets = TRY(budgets_json(services));
  const WorkerStatus worker = services.worker.status();
  Json status = {{"draining", services.draining.load()}, {"queue", queue_json(depths)}};
  status["worker"] = {{"open_drawings", worker.open},
                      {"busy_seconds", worker.busy_seconds},
                      {"draining", worker.draining},
                      {"paused", paused_json(worker)}};
  status["models"] = models_json(services.pool.status());
  status["memory"] = {{"models_bytes", services.pool.bytes_loaded()},
                      {"models_bytes_max", services.pool.memory_bytes()}};
  status["store"] = services.store.kind();
  status["budgets"] = std::move(budgets);
  status["currency"] = services.prices.currency;
  return json_response(200, status);
}

Result<Response> refresh_models(Services& services, const Request& request) {
  TRY(request.check_query({}));
  TRY(services.ledger.audit().record({"models.refresh", sender(request), {"models", ""}}));
  services.catalogue.refresh();
  return json_response(200, {{"models", services.catalogue.list().size()}});
}

Result<Response> unload_models(Services& services, const Request& request) {
  TRY(request.check_query({}));
  TRY(services.ledger.audit().record({"models.unload", sender(request), {"models", ""}}));
  services.pool.drop_idle();
  return json_response(200, {{"models_bytes", services.pool.bytes_loaded()}});
}

Result<Response> get_slo(Services& services, const Request& request) {
  TRY(request.check_query({}));
  return json_response(200, {{"objectives", services.slo.report(services.clock.now())}});
}

constexpr std::string_view kTierBody =
    R"({"type":"object","properties":{"tier":{"type":"string","enum":["realtime","standard","batch"]}},"required":["tier"],"additionalProperties":false})";

constexpr Route admin_route(std::string_view method, std::string_view path, std::string_view summary,
                            void (*handle)(Services&, const Request&, const Reply&),
                            std::string_view body = {}) {
  return {.method = method,
          .path = path,
          .access = Access::admin,
          .dialect = Dialect::native,
          .body_bytes_max = method == "POST" ? kOperationBodyMax : 0,
          .summary = summary,
          .handle = handle,
          .body_schema = body,
          .ok_schema = kObjectSchema};
}

const Route kOperationRoutes[] = {
    admin_route("GET", "/v1/admin/status", "Queue, worker, models, budgets.", answer_with<get_status>),
    admin_route("POST", "/v1/admin/pause", "Begin no more jobs of a tier, also after a restart.",
                answer_with<pause>, kTierBody),
    admin_route("POST", "/v1/admin/resume", "Begin jobs of a tier again.", answer_with<resume>, kTierBody),
    admin_route("POST", "/v1/admin/models/refresh", "Look again at what lies in the model folders.",
                answer_with<refresh_models>),
    admin_route("POST", "/v1/admin/models/unload", "Drop the models that nobody draws with.",
                answer_with<unload_models>),
    admin_route("GET", "/v1/admin/slo", "Service level objectives and how fast their budgets burn.",
                answer_with<get_slo>),
};

}  // namespace

std::span<const Route> operation_routes() { return kOperationRoutes; }

}  // namespace limner
