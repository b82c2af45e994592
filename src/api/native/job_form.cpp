#include "api/native/job_form.h"

#include <fmt/format.h>

#include "api/http/header_text.h"
#include "api/inline_pictures.h"

namespace limner {
namespace {

constexpr std::string_view kControls = "controlnets";
constexpr std::string_view kPartNames = "request, init, mask, control_image, lora";

Result<void> keep_data_url(Services& services, const Request& request, Json& value,
                           const std::string& field) {
  if (!value.is_string()) return {};
  const auto& text = value.get_ref<const std::string&>();
  if (!text.starts_with("data:")) return {};
  std::string id = TRY(keep_inline_picture(services, request, text, field));
  value = std::move(id);
  return {};
}

Result<void> keep_data_urls(Services& services, const Request& request, Json& job) {
  for (const char* name : {"init", "mask"})
    if (job.contains(name)) TRY(keep_data_url(services, request, job[name], name));
  if (!job.contains(kControls) || !job[kControls].is_array()) return {};
  for (size_t i = 0; i < job[kControls].size(); ++i) {
    Json& control = job[kControls][i];
    if (control.is_object() && control.contains("image"))
      TRY(keep_data_url(services, request, control["image"], fmt::format("{}[{}].image", kControls, i)));
  }
  return {};
}

Result<void> place_picture(Services& services, const Request& request, const FormPart& part, Json& job) {
  if (job.contains(part.name) && !job[part.name].is_null())
    return invalid(part.name, "given both in \"request\" and as a part, or twice");
  std::string id = TRY(keep_picture_bytes(services, request, part.data, part.name));
  job[part.name] = std::move(id);
  return {};
}

Result<void> place_control(Services& services, const Request& request, const FormPart& part, Json& job) {
  if (job.contains(kControls) && job[kControls].is_array())
    for (Json& control : job[kControls])
      if (control.is_object() && !control.contains("image")) {
        std::string id = TRY(keep_picture_bytes(services, request, part.data, part.name));
        control["image"] = std::move(id);
        return {};
      }
  return invalid(part.name, "no controlnet in \"request\" waits for a picture",
                 "name it there: \"controlnets\": [{\"name\": ...}]");
}

Result<void> place_lora(Services& services, const Request& request, const FormPart& part, Json& job) {
  if (job.contains("loras") && !job["loras"].is_array()) return invalid("loras", "a list is wanted");
  const TimeUs expires = services.clock.now() + services.config.upload_days * kDayUs;
  Upload upload = TRY(services.uploads.keep(request.caller->tenant.id, "lora", part.file_name, part.data,
                                            part.name, expires));
  job["loras"].push_back(Json{{"name", upload.id}, {"weight", 1}});
  return {};
}

Result<void> place_part(Services& services, const Request& request, const FormPart& part, Json& job) {
  if (part.name == "init" || part.name == "mask") return place_picture(services, request, part, job);
  if (part.name == "control_image") return place_control(services, request, part, job);
  if (part.name == "lora") return place_lora(services, request, part, job);
  return invalid(part.name, fmt::format("there is no such part; there are: {}", kPartNames));
}

Result<Json> read_form(Services& services, const Request& request) {
  const std::vector<FormPart> parts = TRY(parse_form(request));
  Json job = Json::object();
  bool given = false;
  for (const FormPart& part : parts) {
    if (part.name != "request") continue;
    if (given) return invalid("request", "given more than once");
    given = true;
    job = TRY(parse_json(part.data, "request"));
    if (!job.is_object()) return invalid("request", "a JSON object is wanted");
  }
  if (!given) return invalid("request", "missing", "put the job's JSON into a part \"request\"");
  for (const FormPart& part : parts)
    if (part.name != "request") TRY(place_part(services, request, part, job));
  return job;
}

}  // namespace

Result<Json> read_job_body(Services& services, const Request& request) {
  const bool form = media_type(request.header("content-type")) == "multipart/form-data";
  Json job = TRY(form ? read_form(services, request) : request.json_object());
  TRY(keep_data_urls(services, request, job));
  return job;
}

}  // namespace limner
