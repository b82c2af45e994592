#include <vector>

#include "api/route.h"
#include "api/route_groups.h"

namespace limner {
namespace {

// An endpoint exists for the server, /openapi.json, the docs page and the tests by being in one of these.
constexpr std::span<const Route> (*kGroups[])() = {
    job_routes,        job_event_routes,    picture_routes,      file_routes,          model_routes,
    usage_routes,      tenant_routes,       key_routes,          operation_routes,     health_routes,
    document_routes,   openai_image_routes, openai_batch_routes, a1111_drawing_routes, a1111_progress_routes,
    a1111_list_routes, a1111_extra_routes,  audit_routes,        incident_routes,      review_routes,
    provenance_routes, panel_routes,
};

std::vector<const Route*> every_route() {
  std::vector<const Route*> routes;
  for (const auto group : kGroups)
    for (const Route& route : group()) routes.push_back(&route);
  return routes;
}

}  // namespace

std::span<const Route* const> all_routes() {
  static const std::vector<const Route*> kRoutes = every_route();
  return kRoutes;
}

}  // namespace limner
