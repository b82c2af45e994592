#include "observe/otlp_json.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

SpanRecord drawing() {
  SpanRecord span;
  span.name = "draw";
  span.context = {"4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", true};
  span.parent_span_id = "b7ad6b7169203331";
  span.started = 1'767'323'045'000'678;
  span.ended = 1'767'323'046'000'000;
  return span;
}

TEST(OtlpJson, IsTheProtocolsShape) {
  const SpanRecord span = drawing();
  const Json request = otlp_request({&span, 1}, {{"service.name", "limner"}});
  const Json expected = Json::parse(R"({"resourceSpans":[{
    "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"limner"}}]},
    "scopeSpans":[{"scope":{"name":"limner","version":"0.1.0"},"spans":[{
      "traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7",
      "parentSpanId":"b7ad6b7169203331","name":"draw","kind":1,
      "startTimeUnixNano":"1767323045000678000","endTimeUnixNano":"1767323046000000000",
      "attributes":[],"status":{}}]}]}]})");
  EXPECT_EQ(request.dump(1), expected.dump(1));
}

TEST(OtlpJson, AttributesHaveTypes) {
  SpanRecord span = drawing();
  span.attributes = {{"s", "text"},
                     {"i", 9'007'199'254'740'993},
                     {"u", 7u},
                     {"d", 1.5},
                     {"b", true},
                     {"a", Json::array({"x", 1})},
                     {"o", Json::parse(R"({"k":"v"})")},
                     {"n", nullptr}};
  const Json request = otlp_request({&span, 1}, {});
  const Json& attributes = request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"];
  const Json expected = Json::parse(R"([
    {"key":"s","value":{"stringValue":"text"}}, {"key":"i","value":{"intValue":"9007199254740993"}},
    {"key":"u","value":{"intValue":"7"}}, {"key":"d","value":{"doubleValue":1.5}},
    {"key":"b","value":{"boolValue":true}},
    {"key":"a","value":{"arrayValue":{"values":[{"stringValue":"x"},{"intValue":"1"}]}}},
    {"key":"o","value":{"kvlistValue":{"values":[{"key":"k","value":{"stringValue":"v"}}]}}},
    {"key":"n","value":{}}])");
  EXPECT_EQ(attributes.dump(1), expected.dump(1));
}

TEST(OtlpJson, AServersFailureIsAnErrorOfItsKind) {
  SpanRecord span = drawing();
  span.parent_span_id = "";
  span.server = true;
  span.error = "unavailable";
  const Json request = otlp_request({&span, 1}, {});
  const Json& json = request["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
  EXPECT_FALSE(json.contains("parentSpanId"));
  EXPECT_EQ(json["kind"], 2);
  EXPECT_EQ(json["status"]["code"], 2);
  EXPECT_EQ(json["attributes"][0]["key"], "error.type");
  EXPECT_EQ(json["attributes"][0]["value"]["stringValue"], "unavailable");
}

}  // namespace
}  // namespace limner
