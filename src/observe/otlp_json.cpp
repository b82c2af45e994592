#include "observe/otlp_json.h"

#include "base/version.h"

namespace limner {
namespace {

// Numbers of the protocol's enumerations.
constexpr int kKindInternal = 1, kKindServer = 2;
constexpr int kStatusError = 2;

Json attribute(std::string_view key, Json value);

// AnyValue. 64-bit integers are strings: JavaScript's numbers would round them.
Json any_value(const Json& value) {
  Json out = Json::object();
  if (value.is_string()) {
    out["stringValue"] = value;
  } else if (value.is_boolean()) {
    out["boolValue"] = value;
  } else if (value.is_number_integer()) {
    out["intValue"] = value.dump();
  } else if (value.is_number()) {
    out["doubleValue"] = value;
  } else if (value.is_array()) {
    Json values = Json::array();
    for (const Json& one : value) values.push_back(any_value(one));
    out["arrayValue"]["values"] = std::move(values);
  } else if (value.is_object()) {
    Json values = Json::array();
    for (const auto& [key, one] : value.items()) values.push_back(attribute(key, one));
    out["kvlistValue"]["values"] = std::move(values);
  }
  return out;
}

Json attribute(std::string_view key, Json value) {
  Json out = Json::object();
  out["key"] = key;
  out["value"] = any_value(value);
  return out;
}

std::string nanoseconds(TimeUs time) { return std::to_string(time * 1000); }

Json span_json(const SpanRecord& span) {
  Json out = Json::object();
  out["traceId"] = span.context.trace_id;
  out["spanId"] = span.context.span_id;
  if (!span.parent_span_id.empty()) out["parentSpanId"] = span.parent_span_id;
  out["name"] = span.name;
  out["kind"] = span.server ? kKindServer : kKindInternal;
  out["startTimeUnixNano"] = nanoseconds(span.started);
  out["endTimeUnixNano"] = nanoseconds(span.ended);
  Json attributes = Json::array();
  for (const auto& [key, value] : span.attributes) attributes.push_back(attribute(key, value));
  if (!span.error.empty()) attributes.push_back(attribute("error.type", span.error));
  out["attributes"] = std::move(attributes);
  out["status"] = Json::object();
  if (!span.error.empty()) out["status"]["code"] = kStatusError;
  return out;
}

}  // namespace

Json otlp_request(std::span<const SpanRecord> spans, const ResourceAttributes& resource) {
  Json attributes = Json::array();
  for (const auto& [key, value] : resource) attributes.push_back(attribute(key, value));
  Json scope_spans = Json::object();
  scope_spans["scope"]["name"] = "limner";
  scope_spans["scope"]["version"] = kVersion;
  scope_spans["spans"] = Json::array();
  for (const SpanRecord& span : spans) scope_spans["spans"].push_back(span_json(span));
  Json resource_spans = Json::object();
  resource_spans["resource"]["attributes"] = std::move(attributes);
  resource_spans["scopeSpans"].push_back(std::move(scope_spans));
  Json request = Json::object();
  request["resourceSpans"].push_back(std::move(resource_spans));
  return request;
}

}  // namespace limner
