#include "jobs/job_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "jobs/close_name.h"
#include "jobs/json_values.h"
#include "jobs/plain_text.h"
#include "jobs/request_rows.h"
#include "jobs/words.h"

namespace limner {
namespace {

constexpr std::string_view kField = "body";
constexpr size_t kWordBytesMax = 256;
// Beyond this not every whole number is a double.
constexpr double kWholeMax = 9007199254740992.0;

const RequestRow* find_row(std::string_view name) {
  const auto rows = request_rows();
  const auto found = std::ranges::find(rows, name, &RequestRow::name);
  return found == rows.end() ? nullptr : &*found;
}

Error unknown_key(const std::string& key) {
  std::vector<std::string_view> names = {"n", "size"};
  for (const RequestRow& row : request_rows()) names.push_back(row.name);
  for (const ParamInfo& info : param_table()) names.push_back(info.name);
  const std::string_view close = close_name(key, names);
  const bool showable = is_plain_text(key) && key.size() <= kWordBytesMax;
  return invalid(showable ? key : std::string(kField), fmt::format("{} is not a parameter", shown(key)),
                 close.empty() ? "" : fmt::format("did you mean \"{}\"?", close));
}

bool says(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && !found->is_null();
}

Result<void> spell_out_size(Json& json, const Json& value) {
  if (says(json, "width") || says(json, "height"))
    return invalid("size", "says width and height at once", "leave width and height away");
  const std::string text = TRY(read_text(value, "size", kWordBytesMax));
  const size_t x = std::min(text.find('x'), text.size());
  DrawingParams sides;
  if (!set_param(sides, *find_param("width"), text.substr(0, x)) ||
      !set_param(sides, *find_param("height"), text.substr(std::min(x + 1, text.size()))))
    return invalid("size", fmt::format("{} is not WIDTHxHEIGHT in pixels", shown(value)));
  json["width"] = *sides.width;
  json["height"] = *sides.height;
  return {};
}

Result<void> spell_out_count(Json& json, const Json& value) {
  if (says(json, "count")) return invalid("n", "is count by another name", "give one of them");
  JobRequest checked;
  if (Result<void> read = read_row(*find_row("count"), checked, value); !read) {
    read.error().field = "n";
    return read;
  }
  json["count"] = checked.count;
  return {};
}

// The request without nulls, and with "n" and "size" said in the words of the tables.
Result<Json> spelt_out(const Json& given) {
  Json json = Json::object();
  for (const auto& [key, value] : given.items())
    if (!value.is_null() && key != "n" && key != "size") json[key] = value;
  if (says(given, "n")) TRY(spell_out_count(json, given["n"]));
  if (says(given, "size")) TRY(spell_out_size(json, given["size"]));
  return json;
}

bool is_prompt(const ParamInfo& info) { return info.name.ends_with("prompt") || info.name == "negative"; }

// A parameter's value in the form that params_from_json() takes. It takes numbers as texts, which only seeds
// need: beyond 2^53 JavaScript has no others.
Result<Json> param_value(const ParamInfo& info, const Json& value) {
  const std::string field(info.name);
  const bool is_text = std::holds_alternative<std::string DrawingParams::*>(info.member) ||
                       std::holds_alternative<std::optional<std::string> DrawingParams::*>(info.member);
  const bool is_seed = std::holds_alternative<std::optional<uint64_t> DrawingParams::*>(info.member);
  if (is_text && value.is_string()) {
    if (!is_prompt(info)) TRY(read_text(value, field, kWordBytesMax, true));
    return value;
  }
  if (!is_text && value.is_number()) {
    const double number = value.get<double>();
    const bool whole =
        value.is_number_float() && std::abs(number) <= kWholeMax && number == std::trunc(number);
    return whole ? Json(static_cast<int64_t>(number)) : value;
  }
  if (is_seed && value.is_string()) {
    TRY(read_text(value, field, kWordBytesMax));
    return value;
  }
  return invalid(field, fmt::format("{} is not a {}", shown(value), is_text ? "text" : "number"));
}

Result<void> check_frames(const JobRequest& request) {
  if (request.frames == 0) return {};
  if (request.frames == 1) return invalid("frames", "1 leads nowhere", "2 and more do");
  if (request.count != 1) return invalid("count", "goes with single pictures, not with frames");
  if (request.params.blend != 0) return invalid("blend", "is each frame's own", "leave it away");
  if (!request.params.blend_prompt && !request.params.blend_seed)
    return invalid("frames", "lead nowhere", "give a blend_prompt or a blend_seed");
  return {};
}

Result<void> check_pictures(const JobRequest& request) {
  const bool outpaints = !request.outpaint.empty();
  if (!request.mask.empty() && request.init.empty())
    return invalid("mask", "needs a picture to lie on", "give init");
  if (outpaints && request.init.empty())
    return invalid("outpaint", "needs a picture to enlarge", "give init");
  if (outpaints && !request.mask.empty()) return invalid("outpaint", "makes its own mask", "leave mask away");
  if (request.invert_mask && request.mask.empty()) return invalid("invert_mask", "needs a mask", "give mask");
  if (request.mask_blur != 0 && request.mask.empty() && !outpaints)
    return invalid("mask_blur", "needs a mask", "give mask");
  return {};
}

// What the members say of each other.
Result<void> check_request(const JobRequest& request) {
  if (request.task == "upscale") {
    if (request.init.empty()) return invalid("init", "is missing", "give the id of the picture to enlarge");
    if (request.upscaler.empty()) return invalid("upscaler", "is missing", "GET /v1/upscalers lists them");
    return {};
  }
  TRY(check_frames(request));
  return check_pictures(request);
}

Result<std::string> task_of(const Json& json) {
  if (!says(json, "task")) return JobRequest().task;
  JobRequest request;
  TRY(read_row(*find_row("task"), request, json["task"]));
  return request.task;
}

Result<JobRequest> read_rows(const Json& json, const std::string& task) {
  JobRequest request;
  Json params = Json::object();
  for (const auto& [key, value] : json.items()) {
    const RequestRow* row = find_row(key);
    const ParamInfo* info = find_param(key);
    if (!row && !info) return unknown_key(key);
    if (row ? !goes_with(*row, task) : task == "upscale")
      return invalid(key, fmt::format("does not go with the task {}", task), "leave it away");
    if (row)
      TRY(read_row(*row, request, value));
    else
      params[key] = TRY(param_value(*info, value));
  }
  request.params = TRY(params_from_json(params, kField));
  return request;
}

}  // namespace

Result<JobRequest> job_request_from_json(const Json& given) {
  if (!given.is_object()) return invalid(std::string(kField), "is not a JSON object");
  const Json json = TRY(spelt_out(given));
  const std::string task = TRY(task_of(json));
  if (task != "upscale" && !says(json, "prompt"))
    return invalid("prompt", "is missing", "say what to draw; \"\" is a prompt too");
  JobRequest request = TRY(read_rows(json, task));
  TRY(check_request(request));
  return request;
}

Json job_request_to_json(const JobRequest& request) {
  Json json = Json::object();
  for (const RequestRow& row : request_rows()) {
    if (!goes_with(row, request.task)) continue;
    Json value = write_row(row, request);
    if (!value.is_null()) json[std::string(row.name)] = std::move(value);
  }
  if (request.task != "upscale") json.update(params_to_json(request.params));
  return json;
}

DrawingParams params_of_picture(const JobRequest& request, int index) {
  DrawingParams params = request.params;
  if (request.frames > 0)
    params.blend = static_cast<double>(index) / (request.frames - 1);
  else if (params.seed)
    *params.seed += static_cast<uint64_t>(index);
  return params;
}

}  // namespace limner
