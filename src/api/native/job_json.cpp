#include "api/native/job_json.h"

#include "api/picture_urls.h"
#include "api/time_text.h"

namespace limner {
namespace {

Json usage_of_job(const Services& services, const UsageRow& usage) {
  return {{"pictures", usage.pictures},
          {"engine_seconds", static_cast<double>(usage.engine_us) / 1e6},
          {"pixels", usage.pixels},
          {"bytes_stored", usage.bytes_stored},
          {"bytes_sent", usage.bytes_sent},
          {"cost", money_number(usage.cost_micros)},
          {"currency", services.prices.currency}};
}

}  // namespace

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

double money_number(int64_t micros) { return static_cast<double>(micros) / 1e6; }

Json job_error_json(const JobError& error) {
  if (error.empty()) return nullptr;
  return {{"code", error.code},
          {"field", text_or_null(error.field)},
          {"message", error.message},
          {"hint", text_or_null(error.hint)},
          {"kind", error.kind}};
}

Json submitted_json(const Job& job, int position) {
  return {{"id", job.id}, {"state", job_state_name(job.state)}, {"position", position}};
}

Json job_line_json(const Services& services, const Job& job) {
  return {{"id", job.id},
          {"object", "job"},
          {"state", job_state_name(job.state)},
          {"tier", tier_name(job.tier)},
          {"dialect", job.dialect},
          {"model", job.model},
          {"drawn_by", text_or_null(job.drawn_by)},
          {"prompt", job.unreadable.empty() ? Json(job.prompt) : Json(nullptr)},
          {"unreadable", text_or_null(job.unreadable)},
          {"seed", job.seed},
          {"count", job.count},
          {"tags", job.tags},
          {"batch", text_or_null(job.batch)},
          {"submitted", time_json(job.submitted)},
          {"started", time_json(job.started)},
          {"finished", time_json(job.finished)},
          {"deadline", time_json(job.deadline)},
          {"attempts", job.attempts},
          {"predicted_seconds", job.predicted_seconds},
          {"reserved", money_number(job.reserved_micros)},
          {"currency", services.prices.currency},
          {"error", job_error_json(job.error)}};
}

Json picture_json(Services& services, const Request& request, const PictureRow& picture) {
  return {{"id", picture.id},
          {"object", "picture"},
          {"job", picture.job},
          {"position", picture.position},
          {"seed", picture.seed},
          {"sha256", picture.sha256},
          {"bytes", picture.bytes},
          {"format", picture.format},
          {"width", picture.width},
          {"height", picture.height},
          {"created", time_json(picture.created)},
          {"deleted", picture.deleted != 0},
          {"cost", money_number(picture.cost_micros)},
          {"url", picture.deleted != 0 ? Json(nullptr) : Json(picture_url(services, request, picture))}};
}

Json job_json(Services& services, const Request& request, const JobView& view) {
  Json json = job_line_json(services, view.job);
  json["position"] = view.position;
  json["request"] = view.job.request;
  Json pictures = Json::array();
  for (const PictureRow& picture : view.pictures)
    pictures.push_back(picture_json(services, request, picture));
  json["pictures"] = std::move(pictures);
  json["withheld"] = {{"held", view.held}, {"refused", view.refused}};
  json["usage"] = view.usage ? usage_of_job(services, *view.usage) : Json(nullptr);
  return json;
}

}  // namespace limner
