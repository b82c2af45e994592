// What orchestrators and collectors ask.

#include "api/answer_with.h"
#include "api/route_groups.h"

namespace limner {
namespace {

Response ok_text() {
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = "ok\n";
  return response;
}

// That this program turns its loops, no more: a busy engine is no reason to be killed.
Result<Response> get_alive(Services&, const Request& request) {
  TRY(request.check_query({}));
  return ok_text();
}

Result<Response> get_ready(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const bool draining = services.draining;
  const bool ledger = services.ledger.probe().has_value();
  const bool models = services.pool.warm_models_ready();
  const bool ready = !draining && ledger && models;
  Response response =
      json_response(ready ? 200 : 503,
                    {{"ready", ready}, {"draining", draining}, {"ledger", ledger}, {"warm_models", models}});
  if (!ready) response.headers.emplace_back("Retry-After", "5");
  return response;
}

Result<Response> get_metrics(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const bool admin = request.caller && request.caller->key.allows(Scope::admin);
  if (!services.config.metrics_open && !admin)
    return Error{Code::unauthenticated, "Authorization", "a key with the scope \"admin\" is needed", {}};
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = services.metrics.prometheus_text();
  return response;
}

constexpr Route open_route(std::string_view path, std::string_view summary, std::string_view type,
                           void (*handle)(Services&, const Request&, const Reply&)) {
  return {.method = "GET",
          .path = path,
          .access = Access::open,
          .dialect = Dialect::native,
          .body_bytes_max = 0,
          .summary = summary,
          .handle = handle,
          .ok_type = type};
}

const Route kHealthRoutes[] = {
    open_route("/healthz", "Whether the program runs.", "text/plain", answer_with<get_alive>),
    open_route("/livez", "The same, by its Kubernetes name.", "text/plain", answer_with<get_alive>),
    open_route("/readyz",
               "Whether it takes work: not draining, ledger writable, warm models loaded; else 503.",
               "application/json", answer_with<get_ready>),
    open_route("/metrics", "Prometheus metrics.", "text/plain", answer_with<get_metrics>),
};

}  // namespace

std::span<const Route> health_routes() { return kHealthRoutes; }

}  // namespace limner
