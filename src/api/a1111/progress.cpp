// /sdapi/v1/progress, /interrupt, /skip, and the internal ones of A1111's own pages: each about the caller's
// own jobs.

#include <fmt/format.h>

#include "api/a1111/caller_jobs.h"
#include "api/a1111/handler.h"
#include "api/route_groups.h"
#include "api/schemas.h"
#include "base/crypto.h"

namespace limner {
namespace {

constexpr size_t kProgressBodyMax = 64u << 10;

double share_done(const JobProgress& progress) {
  if (progress.pictures == 0) return 0;
  const double of_picture = progress.steps > 0 ? static_cast<double>(progress.step) / progress.steps : 0;
  return std::min(1.0, (progress.picture + of_picture) / progress.pictures);
}

Json state_json(const Job* job, const JobProgress& progress) {
  return {{"skipped", false},
          {"interrupted", job && job->cancel_requested},
          {"stopping_generation", false},
          {"job", job ? job->id : ""},
          {"job_count", job ? job->count : 0},
          {"job_timestamp", "0"},
          {"job_no", progress.picture},
          {"sampling_step", progress.step},
          {"sampling_steps", progress.steps}};
}

Json preview_json(Services& services, const Caller& caller, const std::string& job) {
  const auto picture = services.previews.last(caller, job);
  if (!picture) return nullptr;
  return to_base64({reinterpret_cast<const char*>(picture->data()), picture->size()});
}

Result<Json> progress(Services& services, const Request& request) {
  TRY(request.check_query({"skip_current_image"}));
  const std::vector<Job> jobs = TRY(open_jobs(services, *request.caller));
  const Job* job = jobs.empty() ? nullptr : &jobs.front();
  const JobProgress now = job ? services.worker.progress(job->id) : JobProgress{};
  const std::string skip = request.query_value("skip_current_image").value_or("false");
  Json image = nullptr;
  if (job && skip != "true" && skip != "1") image = preview_json(services, *request.caller, job->id);
  // Never 0 while a job is there: clients take that for "idle".
  const double share = job ? std::max(0.01, share_done(now)) : 0;
  return Json{{"progress", share},
              {"eta_relative", now.seconds_left},
              {"state", state_json(job, now)},
              {"current_image", std::move(image)},
              {"textinfo", job && !now.drawing ? Json("Waiting...") : Json(nullptr)},
              {"current_task", job ? Json(job->id) : Json(nullptr)}};
}

Result<Json> interrupt(Services& services, const Request& request) {
  const std::vector<Job> jobs = TRY(open_jobs(services, *request.caller));
  for (const Job& job : jobs) static_cast<void>(services.jobs.cancel(*request.caller, job.id));
  return Json::object();
}

// The job that is being drawn, and no other.
Result<Json> skip(Services& services, const Request& request) {
  const std::vector<Job> jobs = TRY(open_jobs(services, *request.caller));
  if (!jobs.empty()) static_cast<void>(services.jobs.cancel(*request.caller, jobs.front().id));
  return Json::object();
}

bool job_has_tag(const Job& job, const std::string& tag) {
  return std::find(job.tags.begin(), job.tags.end(), tag) != job.tags.end();
}

Result<Json> internal_progress(Services& services, const Request& request) {
  const Json body = TRY(request.json_object());
  const Json task = body.value("id_task", Json(""));
  if (!task.is_string()) return invalid("id_task", "is no text");
  const std::string tag = task_tag(task.get<std::string>());
  const std::vector<Job> jobs = TRY(open_jobs(services, *request.caller));
  const auto found =
      std::find_if(jobs.begin(), jobs.end(), [&](const Job& job) { return job_has_tag(job, tag); });
  if (found == jobs.end())
    return Json{{"active", false}, {"queued", false},         {"completed", true},     {"progress", nullptr},
                {"eta", nullptr},  {"live_preview", nullptr}, {"id_live_preview", -1}, {"textinfo", nullptr}};
  const JobProgress now = services.worker.progress(found->id);
  const Json image = preview_json(services, *request.caller, found->id);
  return Json{
      {"active", now.drawing},
      {"queued", !now.drawing},
      {"completed", false},
      {"progress", share_done(now)},
      {"eta", now.seconds_left},
      {"live_preview", image.is_null() ? image : Json("data:image/png;base64," + image.get<std::string>())},
      {"id_live_preview", now.step},
      {"textinfo", now.drawing ? "" : "In queue..."}};
}

Result<Json> pending_tasks(Services& services, const Request& request) {
  const std::vector<Job> jobs = TRY(open_jobs(services, *request.caller));
  Json tasks = Json::array();
  for (const Job& job : jobs) tasks.push_back(job.id);
  return Json{{"size", jobs.size()}, {"tasks", std::move(tasks)}};
}

Result<Json> ping(Services&, const Request&) { return Json::object(); }

constexpr Route row(std::string_view method, std::string_view path, Access access, std::string_view summary,
                    void (*handle)(Services&, const Request&, const Reply&)) {
  return {.method = method,
          .path = path,
          .access = access,
          .dialect = Dialect::a1111,
          .body_bytes_max = method == "GET" ? 0 : kProgressBodyMax,
          .summary = summary,
          .handle = handle,
          .ok_schema = kObjectSchema};
}

Route progress_row() {
  Route route =
      row("GET", "/sdapi/v1/progress", Access::read, "How far the caller's job is", answer_a1111<progress>);
  route.query = {{"skip_current_image", R"({"type":"boolean"})", "leave the preview away"}};
  return route;
}

Route internal_progress_row() {
  Route route = row("POST", "/internal/progress", Access::read, "The same for one task",
                    answer_a1111<internal_progress>);
  route.body_schema =
      R"({"type":"object","properties":{"id_task":{"type":"string"},"id_live_preview":{},"live_preview":{}}})";
  return route;
}

const Route kA1111ProgressRoutes[] = {
    progress_row(),
    internal_progress_row(),
    row("POST", "/sdapi/v1/interrupt", Access::draw, "Cancel the caller's jobs", answer_a1111<interrupt>),
    row("POST", "/sdapi/v1/skip", Access::draw, "Cancel the caller's job that is being drawn",
        answer_a1111<skip>),
    row("GET", "/internal/pending-tasks", Access::read, "The caller's jobs", answer_a1111<pending_tasks>),
    row("GET", "/internal/ping", Access::read, "Whether the server is there", answer_a1111<ping>),
};

}  // namespace

std::span<const Route> a1111_progress_routes() { return kA1111ProgressRoutes; }

}  // namespace limner
