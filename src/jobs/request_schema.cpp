// What POST /v1/jobs takes, as JSON Schema: made from the tables that read it.

#include "engine/params.h"
#include "jobs/job_request.h"
#include "jobs/request_rows.h"
#include "jobs/words.h"

namespace limner {
namespace {

// A seed as a text, for languages whose numbers end at 2^53. 19 digits always fit.
constexpr const char* kSeedPattern = "^[0-9]{1,19}$";
constexpr size_t kTextBytesMax = 64u << 10;

template <class T>
struct Held {
  using Type = T;
};
template <class T>
struct Held<std::optional<T>> {
  using Type = T;
};

Json text_schema(const ParamInfo& info) {
  Json schema = {{"type", "string"}};
  if (info.words.empty())
    schema["maxLength"] = kTextBytesMax;
  else
    schema["enum"] = split_words(info.words);
  return schema;
}

template <class Number>
Json number_schema(const ParamInfo& info) {
  return {{"type", std::is_integral_v<Number> ? "integer" : "number"},
          {"minimum", static_cast<Number>(info.minimum)},
          {"maximum", static_cast<Number>(info.maximum)}};
}

Json seed_schema() {
  return {{"oneOf", Json::array({Json{{"type", "integer"}, {"minimum", 0}, {"maximum", UINT64_MAX}},
                                 Json{{"type", "string"}, {"pattern", kSeedPattern}}})}};
}

Json param_schema(const ParamInfo& info) {
  return std::visit(
      [&](auto member) -> Json {
        using Member = std::remove_cvref_t<decltype(DrawingParams().*member)>;
        using Value = typename Held<Member>::Type;
        Json schema;
        if constexpr (std::is_same_v<Value, std::string>)
          schema = text_schema(info);
        else if constexpr (std::is_same_v<Value, uint64_t>)
          return seed_schema();
        else
          schema = number_schema<Value>(info);
        if constexpr (std::is_same_v<Member, Value>) schema["default"] = DrawingParams().*member;
        return schema;
      },
      info.member);
}

// Null is as good as absent.
Json or_null(Json schema) {
  if (schema.contains("oneOf")) schema["oneOf"].push_back({{"type", "null"}});
  if (schema.contains("type")) schema["type"] = Json::array({schema["type"], "null"});
  if (schema.contains("enum")) schema["enum"].push_back(nullptr);
  return schema;
}

std::vector<RequestField> make_fields() {
  std::vector<RequestField> fields;
  for (const RequestRow& row : request_rows()) fields.push_back({row.name, row.doc, row_schema(row)});
  fields.push_back({"n", "count by another name.", {{"type", "integer"}, {"minimum", 1}, {"maximum", 1000}}});
  fields.push_back({"size",
                    "WIDTHxHEIGHT in pixels, instead of width and height.",
                    {{"type", "string"}, {"pattern", "^[0-9]{1,5}x[0-9]{1,5}$"}}});
  return fields;
}

void add_property(Json& properties, std::string_view name, std::string_view doc, Json schema) {
  schema = or_null(std::move(schema));
  schema["description"] = doc;
  properties[std::string(name)] = std::move(schema);
}

}  // namespace

std::span<const RequestField> request_fields() {
  static const std::vector<RequestField> kFields = make_fields();
  return kFields;
}

Json job_request_schema() {
  Json properties = Json::object();
  for (const ParamInfo& info : param_table())
    add_property(properties, info.name, info.doc, param_schema(info));
  for (const RequestField& field : request_fields())
    add_property(properties, field.name, field.doc, field.schema);
  return {{"title", "JobRequest"},
          {"description",
           "What to draw, and how. \"prompt\" is required but for the task upscale, which takes init, "
           "upscaler and what concerns the file and the job."},
          {"type", "object"},
          {"additionalProperties", false},
          {"properties", std::move(properties)}};
}

}  // namespace limner
