// /v1/reviews: what waits for a person; and how requesters see and contradict what was said of their jobs.

#include <fmt/format.h>

#include "api/admin/admin_json.h"
#include "api/answer_with.h"
#include "api/native/job_json.h"
#include "api/query_values.h"
#include "api/route_groups.h"
#include "api/time_text.h"
#include "base/ids.h"
#include "jobs/json_values.h"

namespace limner {
namespace {

constexpr size_t kReviewBodyBytesMax = 16u << 10, kReviewTextBytesMax = 4000;
constexpr int kLimit = 50, kLimitMax = 500, kOffsetMax = 1'000'000;

Json decisions_json(const Review& review) {
  Json decisions = Json::array();
  for (const ReviewDecision& made : review.decisions)
    decisions.push_back({{"by", made.by.id},
                         {"decision", ruling_name(made.ruling)},
                         {"reason", made.reason},
                         {"time", time_json(made.at)}});
  return decisions;
}

// Who decides after another is not to be led by what that one said.
bool may_see_decisions(const Review& review) { return review.decided != 0 || review.escalated; }

Json review_json(const Review& review) {
  const VerdictRow& verdict = review.verdict;
  const bool has_picture = is_id(verdict.subject, "pic") || is_id(verdict.subject, "file");
  return {{"id", review.id},
          {"object", "review"},
          {"cause", review_cause_name(review.cause)},
          {"tenant", review.tenant},
          {"job", verdict.job},
          {"stage", verdict_stage_name(verdict.stage)},
          {"subject", text_or_null(verdict.subject)},
          {"verdict", standing_name(verdict.standing)},
          {"policy", verdict.policy},
          {"rules", verdict.rules},
          {"reasons", verdict.reasons},
          {"categories", verdict.categories},
          {"risk", verdict.risk},
          {"appeal", text_or_null(review.appeal)},
          {"wanted", review.wanted},
          {"escalated", review.escalated},
          {"created", time_json(review.created)},
          {"decided", time_json(review.decided)},
          {"outcome", review.decided != 0 ? Json(standing_name(review.outcome)) : Json(nullptr)},
          {"decisions", may_see_decisions(review) ? decisions_json(review) : Json::array()},
          {"picture", has_picture ? Json(fmt::format("/v1/reviews/{}/picture", review.id)) : Json(nullptr)}};
}

Result<Response> list_reviews(Services& services, const Request& request) {
  TRY(request.check_query({"state", "cause", "tenant", "job", "escalated", "order", "limit", "offset"}));
  ReviewQuery query;
  const auto word = [&](const char* name, const char* otherwise) {
    return request.query_value(name).value_or(otherwise);
  };
  const std::string state = word("state", "open"), order = word("order", "age");
  if (state != "open" && state != "decided") return invalid("state", "is neither open nor decided");
  if (order != "age" && order != "risk") return invalid("order", "is neither age nor risk");
  query.open = state == "open";
  query.by_risk = order == "risk";
  if (const auto cause = request.query_value("cause")) query.cause = TRY(review_cause_from_name(*cause));
  if (const auto tenant = request.query_value("tenant"))
    query.tenant = TRY(find_tenant(services, *tenant, "tenant")).id;
  query.job = word("job", "");
  const std::string escalated = word("escalated", "");
  if (escalated != "" && escalated != "true" && escalated != "false")
    return invalid("escalated", "is neither true nor false");
  if (!escalated.empty()) query.escalated = escalated == "true";
  query.limit = static_cast<int>(TRY(query_whole(request, "limit", kLimit, 1, kLimitMax)));
  query.offset = static_cast<int>(TRY(query_whole(request, "offset", 0, 0, kOffsetMax)));
  const std::vector<Review> found = TRY(services.reviews.list(query));
  Json data = Json::array();
  for (const Review& review : found) data.push_back(review_json(review));
  const bool more = static_cast<int>(found.size()) == query.limit;
  return json_response(200, {{"object", "list"},
                             {"data", std::move(data)},
                             {"next", more ? Json(query.offset + query.limit) : Json(nullptr)}});
}

// With the texts that the job draws from: a reviewer has to read them.
Result<Json> with_job(Services& services, const Review& review) {
  Json json = review_json(review);
  const Job job = TRY(services.ledger.jobs().find(review.verdict.job));
  json["unreadable"] = text_or_null(job.unreadable);
  const bool readable = job.unreadable.empty();
  json["prompt"] = readable ? Json(job.prompt) : Json(nullptr);
  json["negative"] = readable ? job.request.value("negative", Json(nullptr)) : Json(nullptr);
  json["state"] = job_state_name(job.state);
  return json;
}

Result<Response> get_review(Services& services, const Request& request) {
  TRY(request.check_query({}));
  return json_response(200, TRY(with_job(services, TRY(services.reviews.find(request.captures[0])))));
}

Result<Response> get_review_picture(Services& services, const Request& request) {
  TRY(request.check_query({"clear"}));
  const std::string clear = request.query_value("clear").value_or("false");
  if (clear != "true" && clear != "false") return invalid("clear", "is neither true nor false");
  ReviewedPicture picture =
      TRY(services.reviews.picture(*request.caller, request.captures[0], clear == "true"));
  Response response;
  response.content_type = picture.media_type;
  response.headers = {{"Cache-Control", "no-store"}, {"X-Limner-Blurred", picture.clear ? "false" : "true"}};
  response.body = std::move(picture.bytes);
  return response;
}

Result<Response> decide(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const Json body = TRY(request.json_object());
  for (const auto& [name, value] : body.items())
    if (name != "decision" && name != "reason")
      return invalid(name, "there is no such key; there are: decision, reason");
  for (const char* needed : {"decision", "reason"})
    if (!body.contains(needed)) return invalid(needed, "missing");
  const Ruling ruling = TRY(ruling_from_name(TRY(read_text(body["decision"], "decision", 16))));
  const std::string reason = TRY(read_text(body["reason"], "reason", kReviewTextBytesMax));
  const Reviewed reviewed =
      TRY(services.reviews.decide(*request.caller, request.captures[0], ruling, reason));
  return json_response(200, TRY(with_job(services, reviewed.review)));
}

Result<Response> get_agreement(Services& services, const Request& request) {
  TRY(request.check_query({"from", "to"}));
  const TimeUs from = TRY(query_time(request, "from")), to = TRY(query_time(request, "to"));
  const ReviewAgreement found =
      TRY(services.ledger.reviews().agreement(from, to == 0 ? services.clock.now() + 1 : to));
  return json_response(200, {{"pairs", found.pairs},
                             {"agreed", found.agreed},
                             {"kappa", found.pairs > 0 ? Json(found.kappa) : Json(nullptr)}});
}

// Scores and rules are the operator's business: whoever knows them can draw up to their edge.
Result<Response> list_verdicts(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const JobView view = TRY(services.jobs.find(*request.caller, request.captures[0]));
  Json data = Json::array();
  for (const VerdictRow& verdict : TRY(services.ledger.reviews().verdicts(view.job.id)))
    data.push_back({{"stage", verdict_stage_name(verdict.stage)},
                    {"subject", text_or_null(verdict.subject)},
                    {"verdict", standing_name(verdict.standing)},
                    {"policy", verdict.policy},
                    {"reasons", verdict.reasons},
                    {"time", time_json(verdict.created)}});
  return json_response(200, {{"object", "list"}, {"data", std::move(data)}});
}

Result<Response> appeal(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const Json body = TRY(request.json_object());
  for (const auto& [name, value] : body.items())
    if (name != "text") return invalid(name, "there is no such key; there is: text");
  if (!body.contains("text")) return invalid("text", "missing");
  const std::string text = TRY(read_text(body["text"], "text", kReviewTextBytesMax));
  const std::vector<Review> reviews =
      TRY(services.reviews.appeal(*request.caller, request.captures[0], text));
  Json ids = Json::array();
  for (const Review& review : reviews) ids.push_back(review.id);
  return json_response(202, {{"job", request.captures[0]}, {"reviews", std::move(ids)}});
}

const Route kReviewRoutes[] = {
    {.method = "GET",
     .path = "/v1/reviews",
     .access = Access::review,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "Texts and pictures that wait for a person, or waited.",
     .handle = answer_with<list_reviews>,
     .query = {{"state", R"({"type":"string","enum":["open","decided"],"default":"open"})", "Which."},
               {"cause", R"({"type":"string","enum":["held","sample","appeal"]})",
                "Why a person is to look."},
               {"tenant", kTextSchema, "Name or id."},
               {"job", kTextSchema, "Id of a job."},
               {"escalated", R"({"type":"string","enum":["true","false"]})",
                "Whether reviewers could not say."},
               {"order", R"({"type":"string","enum":["age","risk"],"default":"age"})",
                "Oldest or riskiest first."},
               {"limit", R"({"type":"integer","minimum":1,"maximum":500,"default":50})", "Of a page."},
               {"offset", R"({"type":"integer","minimum":0,"maximum":1000000,"default":0})",
                "`next` of the page before."}},
     .ok_schema = "#ReviewList"},
    {.method = "GET",
     .path = "/v1/reviews/agreement",
     .access = Access::review,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "How often two reviewers said the same, with Cohen's kappa.",
     .handle = answer_with<get_agreement>,
     .query = {{"from", kTimeSchema, "Decided from then on."}, {"to", kTimeSchema, "Decided before."}},
     .ok_schema =
         R"({"type":"object","properties":{"pairs":{"type":"integer"},"agreed":{"type":"integer"},"kappa":{"type":["number","null"]}},"required":["pairs","agreed","kappa"]})"},
    {.method = "GET",
     .path = "/v1/reviews/{id}",
     .access = Access::review,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "A review with the prompt of its job.",
     .handle = answer_with<get_review>,
     .ok_schema = "#Review"},
    {.method = "GET",
     .path = "/v1/reviews/{id}/picture",
     .access = Access::review,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "The picture under review, blurred unless clear=true, which the audit log notes.",
     .handle = answer_with<get_review_picture>,
     .query = {{"clear", R"({"type":"string","enum":["true","false"],"default":"false"})", "Not blurred."}},
     .ok_type = "image/*"},
    {.method = "POST",
     .path = "/v1/reviews/{id}/decision",
     .access = Access::review,
     .dialect = Dialect::native,
     .body_bytes_max = kReviewBodyBytesMax,
     .summary = "Approve, refuse or escalate, with a reason.",
     .handle = answer_with<decide>,
     .body_schema =
         R"({"type":"object","properties":{"decision":{"type":"string","enum":["approve","refuse","escalate"]},"reason":{"type":"string","minLength":1,"maxLength":4000}},"required":["decision","reason"],"additionalProperties":false})",
     .ok_schema = "#Review"},
    {.method = "GET",
     .path = "/v1/jobs/{id}/verdicts",
     .access = Access::read,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "What policies said of a job's texts and pictures.",
     .handle = answer_with<list_verdicts>,
     .ok_schema = "#VerdictList"},
    {.method = "POST",
     .path = "/v1/jobs/{id}/appeal",
     .access = Access::draw,
     .dialect = Dialect::native,
     .body_bytes_max = kReviewBodyBytesMax,
     .summary = "Contradict a refusal: a person will look, once.",
     .handle = answer_with<appeal>,
     .body_schema =
         R"({"type":"object","properties":{"text":{"type":"string","minLength":1,"maxLength":4000}},"required":["text"],"additionalProperties":false})",
     .ok_status = 202,
     .ok_schema =
         R"({"type":"object","properties":{"job":{"type":"string"},"reviews":{"type":"array","items":{"type":"string"}}},"required":["job","reviews"]})"},
};

}  // namespace

std::span<const Route> review_routes() { return kReviewRoutes; }

}  // namespace limner
