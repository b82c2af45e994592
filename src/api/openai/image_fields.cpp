#include "api/openai/image_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "api/field_kind.h"
#include "api/passed_field.h"

namespace limner {
namespace {

constexpr unsigned kGenerate = 1, kEdit = 2, kVary = 4, kAll = kGenerate | kEdit | kVary;
constexpr unsigned flag_of(ImageOperation operation) {
  return operation == ImageOperation::generate ? kGenerate
         : operation == ImageOperation::edit   ? kEdit
                                               : kVary;
}

/// A request on its way to become a job: the native JSON it is translated to, and the answer's form.
struct ImageTranslation {
  Json job = Json::object();
  ImageRequest image;
};

struct ImageField {
  std::string_view name;
  unsigned operations;
  FieldKind kind;
  std::string_view schema;
  Result<void> (*read)(ImageTranslation& to, const Json& value);
};

Error not_one_of(std::string_view field, const std::string& value, std::string_view allowed) {
  return invalid(std::string(field), fmt::format("\"{}\" is none of {}", value.substr(0, 80), allowed));
}

Result<void> read_size(ImageTranslation& to, const Json& value) {
  const std::string size = value.get<std::string>();
  if (size == "auto") return {};
  to.job["size"] = size;
  to.image.size = size;
  return {};
}

// Low and high draw with half and one and a half times the model's steps, unless the request says how many.
Result<void> read_quality(ImageTranslation& to, const Json& value) {
  const std::string quality = value.get<std::string>();
  for (const char* known : {"auto", "low", "medium", "high", "standard", "hd"})
    if (quality == known) {
      to.image.quality = quality;
      return {};
    }
  return not_one_of("quality", quality, "auto, low, medium, high, standard, hd");
}

Result<void> read_background(ImageTranslation& to, const Json& value) {
  const std::string background = value.get<std::string>();
  if (background == "auto" || background == "opaque") return {};
  if (background == "transparent")
    return unsupported("background", "\"transparent\": no model here draws transparency", "leave it away");
  (void)to;
  return not_one_of("background", background, "auto, opaque");
}

// Both words are met: what an operator forbids is forbidden to either.
Result<void> read_moderation(ImageTranslation&, const Json& value) {
  const std::string moderation = value.get<std::string>();
  if (moderation == "auto" || moderation == "low") return {};
  return not_one_of("moderation", moderation, "auto, low");
}

Result<void> read_style(ImageTranslation&, const Json& value) {
  const std::string style = value.get<std::string>();
  if (style == "vivid") return {};
  return unsupported("style", fmt::format("\"{}\" does nothing here", style.substr(0, 80)),
                     "say the style in the prompt");
}

Result<void> read_response_format(ImageTranslation& to, const Json& value) {
  const std::string format = value.get<std::string>();
  if (format != "url" && format != "b64_json") return not_one_of("response_format", format, "url, b64_json");
  to.image.as_url = format == "url";
  return {};
}

Result<void> read_output_format(ImageTranslation& to, const Json& value) {
  const std::string format = value.get<std::string>();
  if (format != "png" && format != "jpeg" && format != "webp")
    return not_one_of("output_format", format, "png, jpeg, webp");
  to.job["format"] = format;
  return {};
}

Result<void> read_output_compression(ImageTranslation& to, const Json& value) {
  const int quality = value.get<int>();
  if (quality < 0 || quality > 100)
    return invalid("output_compression", fmt::format("{} is not within 0 to 100", quality));
  to.job["quality"] = std::max(quality, 1);
  return {};
}

Result<void> read_partial_images(ImageTranslation& to, const Json& value) {
  to.image.partial_images = value.get<int>();
  if (to.image.partial_images < 0 || to.image.partial_images > 3)
    return invalid("partial_images", fmt::format("{} is not within 0 to 3", to.image.partial_images));
  return {};
}

Result<void> read_stream(ImageTranslation& to, const Json& value) {
  to.image.stream = value.get<bool>();
  return {};
}

Result<void> read_input_fidelity(ImageTranslation& to, const Json& value) {
  const std::string fidelity = value.get<std::string>();
  if (fidelity != "low" && fidelity != "high") return not_one_of("input_fidelity", fidelity, "low, high");
  to.image.close_to_input = fidelity == "high";
  return {};
}

Result<void> read_count(ImageTranslation& to, const Json& value) {
  const int count = value.get<int>();
  if (count < 1 || count > 10) return invalid("n", fmt::format("{} is not within 1 to 10", count));
  to.job["count"] = count;
  return {};
}

// The end user's name becomes a tag, by which usage can be asked for.
Result<void> read_user(ImageTranslation& to, const Json& value) {
  std::string user = value.get<std::string>();
  constexpr size_t kUserMax = 58;
  if (user.size() > kUserMax)
    return invalid("user", fmt::format("{} bytes; at most {} are taken", user.size(), kUserMax),
                   "send a digest of it");
  if (user.empty()) return {};
  to.job["tags"].push_back("user:" + user);
  return {};
}

Result<void> read_tags(ImageTranslation& to, const Json& value) {
  for (const Json& tag : value) to.job["tags"].push_back(tag);
  return {};
}

Result<void> read_image_prompt(ImageTranslation& to, const Json& value) {
  constexpr size_t kPromptMax = 32'000;
  if (value.get_ref<const std::string&>().size() > kPromptMax)
    return Error{Code::too_large, "prompt", fmt::format("longer than {} bytes", kPromptMax), ""};
  to.job["prompt"] = value;
  return {};
}

constexpr std::string_view kText = R"({"type":["string","null"]})";
constexpr std::string_view kWhole = R"({"type":["integer","null"]})";
constexpr std::string_view kNumber = R"({"type":["number","null"]})";

const ImageField kImageFields[] = {
    {"prompt", kGenerate | kEdit, FieldKind::text, R"({"type":"string","maxLength":32000})",
     read_image_prompt},
    {"model", kAll, FieldKind::text, kText, pass<job_field::kModel>},
    {"n", kAll, FieldKind::whole, R"({"type":["integer","null"],"minimum":1,"maximum":10})", read_count},
    {"size", kAll, FieldKind::text, kText, read_size},
    {"quality", kGenerate | kEdit, FieldKind::text,
     R"({"enum":["auto","low","medium","high","standard","hd",null]})", read_quality},
    {"background", kGenerate | kEdit, FieldKind::text, R"({"enum":["auto","opaque",null]})", read_background},
    {"moderation", kGenerate, FieldKind::text, R"({"enum":["auto","low",null]})", read_moderation},
    {"style", kGenerate, FieldKind::text, R"({"enum":["vivid",null]})", read_style},
    {"response_format", kAll, FieldKind::text, R"({"enum":["url","b64_json",null]})", read_response_format},
    {"output_format", kGenerate | kEdit, FieldKind::text, R"({"enum":["png","jpeg","webp",null]})",
     read_output_format},
    {"output_compression", kGenerate | kEdit, FieldKind::whole,
     R"({"type":["integer","null"],"minimum":0,"maximum":100})", read_output_compression},
    {"stream", kGenerate | kEdit, FieldKind::flag, R"({"type":["boolean","null"]})", read_stream},
    {"partial_images", kGenerate | kEdit, FieldKind::whole,
     R"({"type":["integer","null"],"minimum":0,"maximum":3})", read_partial_images},
    {"input_fidelity", kEdit, FieldKind::text, R"({"enum":["low","high",null]})", read_input_fidelity},
    {"user", kAll, FieldKind::text, R"({"type":["string","null"],"maxLength":58})", read_user},
    {"seed", kAll, FieldKind::seed, kWhole, pass<job_field::kSeed>},
    {"negative_prompt", kAll, FieldKind::text, kText, pass<job_field::kNegative>},
    {"steps", kAll, FieldKind::whole, kWhole, pass<job_field::kSteps>},
    {"guidance_scale", kAll, FieldKind::number, kNumber, pass<job_field::kGuidance>},
    {"sampler", kAll, FieldKind::text, kText, pass<job_field::kSampler>},
    {"schedule", kAll, FieldKind::text, kText, pass<job_field::kSchedule>},
    {"strength", kEdit | kVary, FieldKind::number, kNumber, pass<job_field::kStrength>},
    {"loras", kAll, FieldKind::list, R"({"type":["array","null"]})", pass<job_field::kLoras>},
    {"tier", kAll, FieldKind::text, R"({"enum":["realtime","standard","batch",null]})",
     pass<job_field::kTier>},
    {"tags", kAll, FieldKind::list, R"({"type":["array","null"],"items":{"type":"string"}})", read_tags},
};

const ImageField* find_field(std::string_view name) {
  const auto found = std::find_if(std::begin(kImageFields), std::end(kImageFields),
                                  [&](const ImageField& field) { return field.name == name; });
  return found == std::end(kImageFields) ? nullptr : found;
}

// A form has texts only: what the field is decides what they mean.
Json typed(std::string_view text, FieldKind kind) {
  if (kind == FieldKind::flag && (text == "true" || text == "false")) return text == "true";
  if (kind == FieldKind::whole || kind == FieldKind::seed || kind == FieldKind::number) {
    // Exactly, where it is whole: a seed has 64 bits.
    uint64_t whole = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (error == std::errc() && end == text.data() + text.size()) return whole;
    double number = 0;
    const auto [stop, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (wrong == std::errc() && stop == text.data() + text.size() && std::isfinite(number)) return number;
  }
  return std::string(text);
}

// What job_request_from_json() calls a field, as this dialect's clients call it.
std::string openai_name(const std::string& native) {
  if (native == job_field::kNegative) return "negative_prompt";
  if (native == job_field::kGuidance) return "guidance_scale";
  if (native == "count") return "n";
  if (native == "format") return "output_format";
  if (native == "width" || native == "height") return "size";
  return native;
}

Result<void> read_fields(ImageTranslation& to, const Json& fields, ImageOperation operation) {
  for (const auto& [name, value] : fields.items()) {
    const ImageField* field = find_field(name);
    if (!field || !(field->operations & flag_of(operation)))
      return invalid(name.substr(0, 80), "is no field of this request", "/openapi.json lists them");
    if (value.is_null()) continue;
    TRY(check_kind(name, value, field->kind));
    TRY(field->read(to, value));
  }
  return {};
}

Result<void> apply_quality(ImageRequest& image, const Catalogue& catalogue) {
  const double factor = image.quality == "low"                             ? 0.5
                        : image.quality == "high" || image.quality == "hd" ? 1.5
                                                                           : 1;
  if (factor == 1 || image.job.params.steps) return {};
  const ModelEntry entry = TRY(catalogue.find(image.job.model));
  if (entry.provider) return {};
  const ModelCard card = TRY(catalogue.card(entry));
  image.job.params.steps = std::max(1, static_cast<int>(std::lround(card.info.steps * factor)));
  return {};
}

}  // namespace

Result<Json> image_fields(const Request& request) {
  if (!request.header("content-type").starts_with("multipart/")) return request.json_object();
  const std::vector<FormPart> parts = TRY(parse_form(request));
  Json fields = Json::object();
  for (const FormPart& part : parts) {
    if (part.is_file) continue;
    // Clients write lists as repeated "name[]".
    const bool in_list = part.name.ends_with("[]");
    const std::string name = in_list ? part.name.substr(0, part.name.size() - 2) : part.name;
    const ImageField* field = find_field(name);
    if (field && field->kind == FieldKind::list) {
      fields[name].push_back(std::string(part.data));
    } else if (fields.contains(name)) {
      return invalid(name.substr(0, 80), "is given twice");
    } else {
      fields[name] = field ? typed(part.data, field->kind) : Json(std::string(part.data));
    }
  }
  return fields;
}

Result<ImageRequest> read_image_request(const Json& fields, ImageOperation operation,
                                        const Catalogue& catalogue) {
  ImageTranslation to;
  TRY(read_fields(to, fields, operation));
  if (!to.job.contains("prompt")) {
    if (operation != ImageOperation::vary) return invalid("prompt", "is missing");
    to.job["prompt"] = "";
  }
  Result<JobRequest> job = job_request_from_json(to.job);
  if (!job) {
    Error error = std::move(job).error();
    error.field = openai_name(error.field);
    return error;
  }
  to.image.job = std::move(*job);
  if (to.image.partial_images > 0 && !to.image.stream)
    return invalid("partial_images", "are sent only while streaming", "set stream to true");
  if (to.image.stream && to.image.as_url)
    return unsupported("response_format", "\"url\": a stream carries the pictures themselves",
                       "leave it away");
  TRY(apply_quality(to.image, catalogue));
  return std::move(to.image);
}

std::string image_request_schema(ImageOperation operation) {
  std::string properties;
  for (const ImageField& field : kImageFields)
    if (field.operations & flag_of(operation))
      properties += fmt::format("{}\"{}\":{}", properties.empty() ? "" : ",", field.name, field.schema);
  const char* required = R"("required":["prompt"],)";
  if (operation == ImageOperation::edit) {
    properties +=
        R"(,"image":{"type":"string","format":"binary","description":"In a form: the picture"},)"
        R"("images":{"type":"array","minItems":1,"maxItems":1,"description":"In JSON: the picture, )"
        R"({\"image_url\": \"data:...\"} or {\"file_id\": \"...\"}"},)"
        R"("mask":{"description":"A file in a form; in JSON as in images"})";
    required = R"("required":["prompt"],"anyOf":[{"required":["image"]},{"required":["images"]}],)";
  } else if (operation == ImageOperation::vary) {
    properties += R"(,"image":{"type":"string","format":"binary","description":"The picture"})";
    required = R"("required":["image"],)";
  }
  return fmt::format(R"({{"type":"object","additionalProperties":false,{}"properties":{{{}}}}})", required,
                     properties);
}

}  // namespace limner
