#include "jobs/drawing/job_news.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace limner::drawing {
namespace {

// JobError::field of what was cancelled because nobody waited for it any more.
constexpr const char* kRequestersConnection = "connection";

Json error_json(const JobError& error) {
  if (error.empty()) return nullptr;
  return {{"code", error.code},
          {"field", error.field},
          {"message", error.message},
          {"hint", error.hint},
          {"kind", error.kind}};
}

const char* kind_of(const Error& error) {
  // The engine says so of values that are not finite.
  if (error.code == Code::invalid && error.field == "model") return "model";
  switch (error.code) {
    case Code::exhausted:
    case Code::unavailable:
    case Code::internal:
      return "infrastructure";
    case Code::data_loss:
      return "model";
    default:
      return "request";
  }
}

}  // namespace

JobEvent queued_event(int position) { return {"queued", {{"position", position}}, nullptr, ""}; }

JobEvent loading_event(const std::string& model, double progress) {
  return {"loading", {{"model", model}, {"progress", progress}}, nullptr, ""};
}

JobEvent started_event() { return {"started", Json::object(), nullptr, ""}; }

JobEvent step_event(int picture, int step, int steps) {
  return {"step", {{"picture", picture}, {"step", step}, {"steps", steps}}, nullptr, ""};
}

JobEvent finished_event(const Job& job) {
  return {"finished", {{"state", job_state_name(job.state)}, {"error", error_json(job.error)}}, nullptr, ""};
}

std::string webhook_body(const Job& job, JobState state, const JobError& error,
                         const std::vector<PictureRow>& pictures, TimeUs now) {
  Json data = {{"id", job.id},
               {"state", job_state_name(state)},
               {"error", error_json(error)},
               {"model", job.model},
               {"tags", job.tags},
               {"pictures", Json::array()}};
  for (const PictureRow& picture : pictures)
    data["pictures"].push_back({{"id", picture.id},
                                {"seed", picture.seed},
                                {"sha256", picture.sha256},
                                {"format", picture.format},
                                {"width", picture.width},
                                {"height", picture.height}});
  const Json body = {
      {"type", fmt::format("job.{}", job_state_name(state))},
      {"timestamp", fmt::format("{:%FT%TZ}", fmt::gmtime(static_cast<time_t>(now / kSecondUs)))},
      {"data", std::move(data)}};
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

JobError job_error(const Error& error) { return job_error(error, kind_of(error)); }

JobError job_error(const Error& error, const char* kind) {
  return {code_name(error.code), error.field, error.message, error.hint, kind};
}

JobError cancelled_by_requester() {
  return {code_name(Code::cancelled), "", "was cancelled by its requester", "", "request"};
}

JobError given_up_by_requester() {
  return {code_name(Code::cancelled), kRequestersConnection, "was cancelled: its requester hung up", "",
          "request"};
}

bool was_given_up(const Job& job) {
  return job.state == JobState::cancelled && job.error.field == kRequestersConnection;
}

}  // namespace limner::drawing
