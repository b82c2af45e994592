// /v1/jobs: submit, look at, search, cancel, retry.

#include <fmt/format.h>

#include "api/answer_with.h"
#include "api/error_objects.h"
#include "api/idempotency.h"
#include "api/native/job_form.h"
#include "api/native/job_json.h"
#include "api/query_values.h"
#include "api/route_groups.h"

namespace limner {
namespace {

constexpr size_t kJobBytesMax = 128u << 20;  // several pictures in base64
constexpr int kJobsPageMax = 500;
constexpr std::string_view kStatesSchema =
    R"({"type":"string","pattern":"^(queued|drawing|finishing|checking|stored|held|refused|failed|cancelled|expired)(,(queued|drawing|finishing|checking|stored|held|refused|failed|cancelled|expired))*$"})";

Response accepted(const Job& job, int position) {
  Response response = json_response(202, submitted_json(job, position));
  response.headers.emplace_back("Location", "/v1/jobs/" + job.id);
  return response;
}

Response replayed(const Submitted& submitted) {
  Response response = accepted(submitted.job, submitted.position);
  response.headers.emplace_back("Idempotency-Replayed", "true");
  return response;
}

Result<Response> submit_job(Services& services, const Request& request,
                            const std::optional<Idempotency>& idempotency) {
  if (idempotency) {
    const auto earlier = TRY(services.jobs.find_repeated(*idempotency));
    if (earlier) return replayed(*earlier);
  }
  const Json body = TRY(read_job_body(services, request));
  JobRequest wanted = TRY(job_request_from_json(body));
  const Submitted submitted = TRY(services.jobs.submit(*request.caller, std::move(wanted), idempotency));
  return submitted.replayed ? replayed(submitted) : accepted(submitted.job, submitted.position);
}

void post_job(Services& services, const Request& request, const Reply& reply) {
  const auto make = [&]() -> Result<Response> {
    TRY(request.check_query({}));
    const std::optional<Idempotency> idempotency = TRY(idempotency_of(services, request, "POST /v1/jobs"));
    return submit_job(services, request, idempotency);
  };
  Result<Response> made = make();
  if (made) return reply.send(std::move(made).value());
  Error error = made.error();
  Response response = error_response(Dialect::native, error, request);
  if (error.code == Code::conflict && error.field == "idempotency_key") {
    // The same key for another request can never succeed: not a conflict that time resolves.
    error.code = Code::invalid;
    error.field = "Idempotency-Key";
    response = error_response_with_status(422, Dialect::native, error, request);
  }
  reply.send(std::move(response));
}

Result<Response> get_job(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const JobView view = TRY(services.jobs.find(*request.caller, request.captures[0]));
  return json_response(200, job_json(services, request, view));
}

Result<JobQuery> job_query(const Request& request) {
  TRY(request.check_query(
      {"text", "tag", "model", "batch", "seed", "state", "tier", "from", "to", "limit", "before"}));
  JobQuery query;
  query.text = request.query_value("text").value_or("");
  query.tag = request.query_value("tag").value_or("");
  query.model = request.query_value("model").value_or("");
  query.batch = request.query_value("batch").value_or("");
  query.before = request.query_value("before").value_or("");
  if (const auto seed = request.query_value("seed")) {
    query.seed = whole_number(*seed);
    if (!query.seed) return invalid("seed", "a whole number is wanted");
  }
  if (const auto states = request.query_value("state"))
    for (std::string_view rest = *states; !rest.empty();) {
      const size_t comma = std::min(rest.find(','), rest.size());
      query.states.push_back(TRY(job_state_from_name(rest.substr(0, comma))));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  if (const auto tier = request.query_value("tier")) query.tier = TRY(tier_from_name(*tier));
  query.from = TRY(query_time(request, "from"));
  query.to = TRY(query_time(request, "to"));
  query.limit = static_cast<int>(TRY(query_whole(request, "limit", 50, 1, kJobsPageMax)));
  return query;
}

Result<Response> list_jobs(Services& services, const Request& request) {
  const JobPage page = TRY(services.jobs.search(*request.caller, TRY(job_query(request))));
  Json data = Json::array();
  for (const Job& job : page.jobs) data.push_back(job_line_json(services, job));
  return json_response(200,
                       {{"object", "list"}, {"data", std::move(data)}, {"next", text_or_null(page.next)}});
}

Result<Response> cancel_job(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const JobView view = TRY(services.jobs.cancel(*request.caller, request.captures[0]));
  return json_response(200, job_json(services, request, view));
}

Result<Response> retry_job(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const JobView view = TRY(services.jobs.retry(*request.caller, request.captures[0]));
  return accepted(view.job, view.position);
}

const Route kJobRoutes[] = {
    {.method = "POST",
     .path = "/v1/jobs",
     .access = Access::draw,
     .dialect = Dialect::native,
     .body_bytes_max = kJobBytesMax,
     .summary = "Submit a job: the tasks and parameters of `limner generate` and `limner upscale`. Header "
                "Idempotency-Key makes repeating it safe.",
     .handle = post_job,
     .body_schema = "#JobRequest",
     .body_type = "application/json, multipart/form-data",
     .ok_status = 202,
     .ok_schema = "#Submitted"},
    {.method = "GET",
     .path = "/v1/jobs",
     .access = Access::read,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "Search jobs, the newest first.",
     .handle = answer_with<list_jobs>,
     .query = {{"text", kTextSchema, "Part of the prompt, any case."},
               {"tag", kTextSchema, "Jobs with this tag."},
               {"model", kTextSchema, "Jobs drawn with this model."},
               {"batch", kTextSchema, "Jobs of this batch."},
               {"seed", R"({"type":"integer","minimum":0,"maximum":18446744073709551615})",
                "Jobs with this seed."},
               {"state", kStatesSchema, "One state or several by comma."},
               {"tier", R"({"type":"string","enum":["realtime","standard","batch"]})", "Jobs of this tier."},
               {"from", kTimeSchema,
                "Submitted at this time or later: a date, RFC 3339, or seconds since 1970."},
               {"to", kTimeSchema, "Submitted before this time."},
               {"limit", R"({"type":"integer","minimum":1,"maximum":500,"default":50})", "Jobs a page."},
               {"before", kTextSchema, "`next` of the page before."}},
     .ok_schema = "#JobList"},
    {.method = "GET",
     .path = "/v1/jobs/{id}",
     .access = Access::read,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "How a job stands, with its pictures and what it used.",
     .handle = answer_with<get_job>,
     .ok_schema = "#Job"},
    {.method = "DELETE",
     .path = "/v1/jobs/{id}",
     .access = Access::draw,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "Cancel a job: within a step of the engine.",
     .handle = answer_with<cancel_job>,
     .ok_schema = "#Job"},
    {.method = "POST",
     .path = "/v1/jobs/{id}/retry",
     .access = Access::draw,
     .dialect = Dialect::native,
     .body_bytes_max = 1024,
     .summary = "Try a failed, cancelled or expired job again, from its last kept stage.",
     .handle = answer_with<retry_job>,
     .ok_status = 202,
     .ok_schema = "#Submitted"},
};

}  // namespace

std::span<const Route> job_routes() { return kJobRoutes; }

}  // namespace limner
