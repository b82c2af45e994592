// /v1/admin/incidents: the switches that stop drawing.

#include <fmt/format.h>

#include <algorithm>

#include "api/admin/admin_json.h"
#include "api/answer_with.h"
#include "api/query_values.h"
#include "api/route_groups.h"
#include "api/time_text.h"
#include "base/ids.h"
#include "jobs/incident_report.h"
#include "jobs/json_values.h"

namespace limner {
namespace {

constexpr size_t kIncidentBodyMax = 16u << 10;
constexpr size_t kReasonBytesMax = 2000, kSubjectBytesMax = 1000;
constexpr int kSecondsMax = 30 * 86'400;

Json shown(const Incident& incident) {
  return incident_json(incident, [](TimeUs time) { return time_json(time); });
}

Result<Json> with_report(Services& services, const Incident& incident) {
  Json json = shown(incident);
  json["report"] = report_json(TRY(incident_report(services.ledger, incident, services.clock.now())));
  return json;
}

// What is no name stops nothing, and whoever wrote it would believe that it did.
Error stops_nothing(const char* what, std::string_view subject) {
  return not_found("subject", fmt::format("there is no {} '{}'", what, subject.substr(0, 100)),
                   "limner incident open stops a name that is not listed any more, as it is written");
}

bool has_adapter(const Catalogue& catalogue, AdapterKind kind, const std::string& name) {
  const std::vector<AdapterEntry> adapters = catalogue.list_adapters(kind);
  return std::ranges::find(adapters, name, &AdapterEntry::name) != adapters.end();
}

// By its own name: what is stopped under an alias would go on under the name.
Result<std::string> read_model(const Catalogue& catalogue, const std::string& subject) {
  if (const Result<ModelEntry> entry = catalogue.find(subject)) return entry->name;
  if (has_adapter(catalogue, AdapterKind::upscaler, subject)) return subject;
  return stops_nothing("model or upscaler", subject);
}

Result<std::string> read_lora(const Catalogue& catalogue, const std::string& subject) {
  if (is_id(subject, "file") || has_adapter(catalogue, AdapterKind::lora, subject)) return subject;
  return stops_nothing("LoRA", subject);
}

Result<std::string> read_subject(Services& services, IncidentScope scope, const Json& body) {
  const bool given = body.contains("subject") && !body["subject"].is_null();
  if (scope == IncidentScope::everything) {
    if (given) return invalid("subject", "a scope of all has none");
    return std::string();
  }
  if (!given) return invalid("subject", "missing");
  std::string subject = TRY(read_text(body["subject"], "subject", kSubjectBytesMax));
  if (subject.empty()) return invalid("subject", "is empty");
  if (scope == IncidentScope::tenant) return TRY(find_tenant(services, subject, "subject")).id;
  if (scope == IncidentScope::key && !(is_id(subject, "key") && services.ledger.tenants().find_key(subject)))
    return not_found("subject", "there is no such key");
  if (scope == IncidentScope::model) return read_model(services.catalogue, subject);
  if (scope == IncidentScope::lora) return read_lora(services.catalogue, subject);
  if (scope == IncidentScope::feature) TRY(check_feature(subject));
  if (scope == IncidentScope::prompt && subject.find_first_not_of("* ") == std::string::npos)
    return invalid("subject", "such a pattern is in every prompt", "scope all stops everything");
  return subject;
}

Result<Incident> read_incident(Services& services, const Request& request) {
  const Json body = TRY(request.json_object());
  for (const auto& [name, value] : body.items())
    if (name != "scope" && name != "subject" && name != "reason" && name != "seconds" && name != "withhold" &&
        name != "drill")
      return invalid(name,
                     "there is no such key; there are: scope, subject, reason, seconds, withhold, drill");
  for (const char* needed : {"scope", "reason", "seconds"})
    if (!body.contains(needed)) return invalid(needed, "missing");
  Incident incident;
  incident.scope = TRY(incident_scope_from_name(TRY(read_text(body["scope"], "scope", 16))));
  incident.subject = TRY(read_subject(services, incident.scope, body));
  incident.reason = TRY(read_text(body["reason"], "reason", kReasonBytesMax));
  if (incident.reason.empty()) return invalid("reason", "is empty");
  if (body.contains("withhold")) incident.withhold = TRY(read_flag(body["withhold"], "withhold"));
  if (body.contains("drill")) incident.drill = TRY(read_flag(body["drill"], "drill"));
  const int seconds = TRY(read_whole(body["seconds"], "seconds", 1, kSecondsMax));
  incident.id = new_id("inc");
  incident.opened = services.clock.now();
  incident.expires = incident.opened + seconds * kSecondUs;
  incident.opened_by = sender(request);
  return incident;
}

Result<Response> open_incident(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const Incident incident = TRY(read_incident(services, request));
  TRY(services.ledger.incidents().open(incident));
  TRY(services.worker.contain());
  Response response = json_response(201, shown(incident));
  response.headers.emplace_back("Location", "/v1/admin/incidents/" + incident.id);
  return response;
}

Result<Response> list_incidents(Services& services, const Request& request) {
  TRY(request.check_query({"limit", "before"}));
  const auto limit = static_cast<int>(TRY(query_whole(request, "limit", kAdminPage, 1, kAdminPageMax)));
  const std::vector<Incident> found =
      TRY(services.ledger.incidents().list(limit, request.query_value("before").value_or("")));
  Json data = Json::array();
  for (const Incident& incident : found) data.push_back(shown(incident));
  const bool more = static_cast<int>(found.size()) == limit;
  return json_response(200, {{"object", "list"},
                             {"data", std::move(data)},
                             {"next", more ? Json(found.back().id) : Json(nullptr)}});
}

Result<Incident> find_incident(Services& services, const Request& request) {
  const std::string& id = request.captures[0];
  if (!is_id(id, "inc")) return not_found("id", "there is no such incident");
  return services.ledger.incidents().find(id);
}

Result<Response> get_incident(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const Incident incident = TRY(find_incident(services, request));
  return json_response(200, TRY(with_report(services, incident)));
}

Result<Response> lift_incident(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const Incident incident = TRY(find_incident(services, request));
  const Incident after =
      TRY(services.ledger.incidents().lift(incident.id, sender(request), services.clock.now()));
  TRY(services.worker.contain());
  return json_response(200, TRY(with_report(services, after)));
}

const Route kIncidentRoutes[] = {
    {.method = "POST",
     .path = "/v1/admin/incidents",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = kIncidentBodyMax,
     .summary = "Stop drawing of what is named, within a step, for so many seconds.",
     .handle = answer_with<open_incident>,
     .body_schema =
         R"({"type":"object","properties":{"scope":{"type":"string","enum":["all","model","lora","tenant","key","prompt","feature"]},"subject":{"type":["string","null"],"maxLength":1000},"reason":{"type":"string","minLength":1,"maxLength":2000},"seconds":{"type":"integer","minimum":1,"maximum":2592000},"withhold":{"type":"boolean","default":false},"drill":{"type":"boolean","default":false}},"required":["scope","reason","seconds"],"additionalProperties":false})",
     .ok_status = 201,
     .ok_schema = "#Incident"},
    {.method = "GET",
     .path = "/v1/admin/incidents",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "Incidents, newest first.",
     .handle = answer_with<list_incidents>,
     .query = {{"limit", R"({"type":"integer","minimum":1,"maximum":500,"default":50})",
                "Incidents of a page."},
               {"before", kTextSchema, "`next` of the page before."}},
     .ok_schema = "#IncidentList"},
    {.method = "GET",
     .path = "/v1/admin/incidents/{id}",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "An incident, and what it stopped.",
     .handle = answer_with<get_incident>,
     .ok_schema = "#Incident"},
    {.method = "POST",
     .path = "/v1/admin/incidents/{id}/lift",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = 1024,
     .summary = "Lift an incident: the first of two keys agrees, the second, another, lifts it.",
     .handle = answer_with<lift_incident>,
     .ok_schema = "#Incident"},
};

}  // namespace

std::span<const Route> incident_routes() { return kIncidentRoutes; }

}  // namespace limner
