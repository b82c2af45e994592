// /v1/provenance: where a picture comes from, for anybody who has it.

#include "api/answer_with.h"
#include "api/http/header_text.h"
#include "api/route_groups.h"
#include "api/time_text.h"
#include "api/verification_desk.h"
#include "provenance/verify.h"

namespace limner {
namespace {

constexpr size_t kBodyBytesMax = 32u << 20;

// The picture is the body, or the part "file" of a form.
Result<std::string_view> picture_of(const Request& request, std::vector<FormPart>& parts) {
  if (media_type(request.header("content-type")) != "multipart/form-data") {
    if (request.body.empty()) return invalid("body", "is empty; it is to be a picture");
    return std::string_view(request.body);
  }
  parts = TRY(parse_form(request));
  if (parts.size() != 1 || parts[0].name != "file")
    return invalid("file", "the form has one part, the picture, whose name is file");
  return parts[0].data;
}

// Whose picture it is may know which job drew it.
bool may_see_job(const Request& request, const PictureRow& picture) {
  if (!request.caller) return false;
  const ApiKey& key = request.caller->key;
  return key.allows(Scope::admin) || (key.allows(Scope::read) && request.caller->tenant.id == picture.tenant);
}

// How surely, in words and not in numbers: whoever is told how near a picture is to being recognised can
// change it until it is not.
Json found_by(const TracedPicture& traced) {
  Json words = Json::array();
  if (traced.by_manifest) words.push_back("manifest");
  if (traced.by_watermark) words.push_back("watermark");
  if (traced.distance) words.push_back("likeness");
  return words;
}

Json ledger_json(const Request& request, const PictureTrace& trace) {
  Json entries = Json::array();
  for (const TracedPicture& traced : trace.ledger) {
    Json entry = {{"picture", traced.picture.id},
                  {"model", traced.model},
                  {"time", time_json(traced.picture.created)},
                  {"found_by", found_by(traced)}};
    if (may_see_job(request, traced.picture)) entry["job"] = traced.picture.job;
    entries.push_back(std::move(entry));
  }
  return entries;
}

Json signature_json(const SignatureReport& signature) {
  Json failures = Json::array();
  for (const SignatureFinding& finding : signature.findings)
    if (finding.outcome == SignatureFinding::Outcome::failure) failures.push_back(finding.code);
  return {{"state", signature_state_name(signature.state)},
          {"failures", std::move(failures)},
          {"claim", signature.claim}};
}

Json watermark_json(const PictureTrace& trace) {
  if (!trace.watermark) return {{"found", false}};
  return {{"found", true}, {"id", trace.watermark->id.value}};
}

Result<Response> verify(Services& services, const Request& request) {
  TRY(request.check_query({}));
  if (!services.verification) return unsupported("path", "this server does not verify pictures");
  std::vector<FormPart> parts;
  const std::string_view file = TRY(picture_of(request, parts));
  const PictureTrace trace = TRY(services.verification->verify(file, request.remote));
  Json unchecked = Json::object();
  for (const auto& [layer, why] : trace.unchecked) unchecked[layer] = why;
  return json_response(200, {{"signature", signature_json(trace.signature)},
                             {"watermark", watermark_json(trace)},
                             {"ledger", ledger_json(request, trace)},
                             {"unchecked", std::move(unchecked)}});
}

const Route kProvenanceRoutes[] = {
    {.method = "POST",
     .path = "/v1/provenance/verify",
     .access = Access::open,
     .dialect = Dialect::native,
     .body_bytes_max = kBodyBytesMax,
     .summary = "Where a picture comes from: its signature, its watermark, what the ledger knows of it. No "
                "key is needed.",
     .handle = answer_with<verify>,
     .body_schema =
         R"({"type":"object","properties":{"file":{"type":"string","format":"binary"}},"required":["file"],"additionalProperties":false})",
     .body_type =
         "multipart/form-data, image/png, image/jpeg, image/webp, image/avif, application/octet-stream",
     .ok_schema = "#Provenance"},
};

}  // namespace

std::span<const Route> provenance_routes() { return kProvenanceRoutes; }

}  // namespace limner
