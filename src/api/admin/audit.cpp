// /v1/admin/audit: who did what, and the proof of it.

#include <fmt/format.h>

#include "api/admin/admin_json.h"
#include "api/answer_with.h"
#include "api/query_values.h"
#include "api/route_groups.h"
#include "api/time_text.h"

namespace limner {
namespace {

// A hash in the leaf becomes what it is the hash of, unless that was erased.
void open_party(Json& party, const char* name, const AuditRecord& record) {
  for (const SealedValue& value : record.sealed)
    if (value.name == name) party["id"] = value.value;
}

Result<Json> record_json(const AuditRecord& record) {
  Json json = TRY(parse_json(record.leaf, "leaf"));
  const auto has = [&](const char* name, auto is) { return json.contains(name) && (json[name].*is)(); };
  const bool whole = json.is_object() && has("time", &Json::is_number_integer) &&
                     has("by", &Json::is_object) && has("about", &Json::is_object) &&
                     has("sealed", &Json::is_object) && json.contains("action") && json.contains("details");
  if (!whole)
    return Error{Code::data_loss, "audit", fmt::format("leaf {} is none", record.seq), "limner audit verify"};
  open_party(json["by"], "by", record);
  open_party(json["about"], "about", record);
  Json shown = {
      {"object", "audit_record"},  {"seq", record.seq}, {"time", time_json(json["time"].get<TimeUs>())},
      {"action", json["action"]},  {"by", json["by"]},  {"about", json["about"]},
      {"details", json["details"]}};
  Json sealed = json["sealed"];
  for (const SealedValue& value : record.sealed)
    if (sealed.contains(value.name)) sealed[value.name] = value.value;
  shown["sealed"] = std::move(sealed);
  shown["leaf"] = record.leaf;
  return shown;
}

Result<Response> list_audit(Services& services, const Request& request) {
  TRY(request.check_query({"action", "about", "before", "limit"}));
  AuditQuery query;
  query.action = request.query_value("action").value_or("");
  query.about = request.query_value("about").value_or("");
  query.limit = static_cast<int>(TRY(query_whole(request, "limit", kAdminPage, 1, kAdminPageMax)));
  if (request.query_value("before"))
    query.before = static_cast<uint64_t>(TRY(query_whole(request, "before", 0, 0, INT64_MAX)));
  const std::vector<AuditRecord> found = TRY(services.ledger.audit().list(query));
  Json data = Json::array();
  for (const AuditRecord& record : found) data.push_back(TRY(record_json(record)));
  const bool more = static_cast<int>(found.size()) == query.limit;
  return json_response(200, {{"object", "list"},
                             {"data", std::move(data)},
                             {"next", more ? Json(found.back().seq) : Json(nullptr)}});
}

Result<Response> get_checkpoint(Services& services, const Request& request) {
  TRY(request.check_query({}));
  Response response;
  response.body = TRY(services.ledger.audit().checkpoint());
  response.content_type = "text/plain; charset=utf-8";
  return response;
}

Result<Response> get_proof(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const std::optional<uint64_t> seq = whole_number(request.captures[0]);
  if (!seq || *seq > static_cast<uint64_t>(INT64_MAX)) return not_found("seq", "there is no such leaf");
  const AuditProof proof = TRY(services.ledger.audit().prove(*seq));
  return json_response(200, audit_proof_json(proof));
}

const Route kAuditRoutes[] = {
    {.method = "GET",
     .path = "/v1/admin/audit",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "The audit log, newest first.",
     .handle = answer_with<list_audit>,
     .query = {{"action", kTextSchema, "Of this action, as key.create."},
               {"about", kTextSchema, "About, or done by, what has this id."},
               {"before", R"({"type":"integer","minimum":0})", "`next` of the page before."},
               {"limit", R"({"type":"integer","minimum":1,"maximum":500,"default":50})",
                "Records of a page."}},
     .ok_schema = "#AuditList"},
    {.method = "GET",
     .path = "/v1/admin/audit/checkpoint",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "The audit log's signed checkpoint, for a witness to keep.",
     .handle = answer_with<get_checkpoint>,
     .ok_type = "text/plain"},
    {.method = "GET",
     .path = "/v1/admin/audit/{seq}/proof",
     .access = Access::admin,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "That a record is in the audit log: leaf, path and signed checkpoint.",
     .handle = answer_with<get_proof>,
     .ok_schema = R"({"type":"object","required":["seq","leaf","size","path","checkpoint"]})"},
};

}  // namespace

std::span<const Route> audit_routes() { return kAuditRoutes; }

}  // namespace limner
