#include "api/request.h"

#include <gtest/gtest.h>

#include "api/idempotency.h"
#include "api/reply.h"

namespace limner {
namespace {

TEST(Request, UnknownAndRepeatedQueryParametersAreRefusedByName) {
  Request request;
  request.query = {{"limit", "1"}, {"x", "2"}};
  EXPECT_EQ(request.check_query({"limit"}).error().field, "x");
  EXPECT_TRUE(request.check_query({"limit", "x"}).has_value());
  request.query.emplace_back("x", "3");
  EXPECT_EQ(request.check_query({"limit", "x"}).error().field, "x");
  EXPECT_FALSE(request.check_query({}).has_value());
}

TEST(Request, BodiesAreObjects) {
  Request request;
  EXPECT_TRUE(request.json_object().value().empty());
  for (const char* body : {"[]", "1", "{", "null", "\xff"}) {
    request.body = body;
    EXPECT_EQ(request.json_object().error().field, "body") << body;
  }
}

TEST(Request, FingerprintsAreOfMeaning) {
  Request a, b;
  a.body = R"({"prompt": "x", "n": {"b": 1, "a": 2}})";
  b.body = R"({"n":{"a":2,"b":1},"prompt":"x"})";
  EXPECT_EQ(body_fingerprint(a).value(), body_fingerprint(b).value());
  b.body = R"({"n":{"a":2,"b":1},"prompt":"y"})";
  EXPECT_NE(body_fingerprint(a).value(), body_fingerprint(b).value());
  const auto form = [](std::string_view boundary, std::string_view data) {
    Request request;
    request.headers = {{"content-type", "multipart/form-data; boundary=" + std::string(boundary)}};
    request.body = "--" + std::string(boundary) + "\r\nContent-Disposition: form-data; name=a\r\n\r\n" +
                   std::string(data) + "\r\n--" + std::string(boundary) + "--";
    return request;
  };
  EXPECT_EQ(body_fingerprint(form("X", "1")).value(), body_fingerprint(form("Y", "1")).value());
  EXPECT_NE(body_fingerprint(form("X", "1")).value(), body_fingerprint(form("X", "2")).value());
}

TEST(Reply, MessagesAreServerSentEvents) {
  EXPECT_EQ(sse_message("step", {{"text", "a\nb"}}), "event: step\ndata: {\"text\":\"a\\nb\"}\n\n");
  EXPECT_EQ(sse_message("", {{"a", 1}}), "data: {\"a\":1}\n\n");
}

}  // namespace
}  // namespace limner
