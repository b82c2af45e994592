#include <gtest/gtest.h>

#include "api/error_objects.h"

namespace limner {
namespace {

Request request() {
  Request request;
  request.request_id = "req_1";
  return request;
}

std::string header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return {};
}

Json body(const Response& response) { return parse_json(response.body, "body").value(); }

TEST(ErrorResponse, NativeIsAProblem) {
  const Response response =
      error_response(Dialect::native, invalid("size", "7x7 is too small", "try 64x64"), request());
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const Json json = body(response);
  EXPECT_EQ(json["field"], "size");
  EXPECT_EQ(json["detail"], "7x7 is too small");
  EXPECT_EQ(json["hint"], "try 64x64");
  EXPECT_EQ(json["code"], "invalid");
  EXPECT_EQ(json["request_id"], "req_1");
}

TEST(ErrorResponse, OpenAiNamesWhatAPolicyObjectedTo) {
  VerdictRow verdict;
  verdict.standing = Standing::refused;
  verdict.policy = "house: 1";
  verdict.reasons = {"no such thing", "nor that"};
  verdict.categories = {{"sexual", {{"verdict", "refuse"}, {"score", 1}, {"checks", {"terms"}}}},
                        {"violence", {{"verdict", "hold"}, {"score", 0.5}, {"checks", {"terms"}}}},
                        {"other", {{"verdict", "pass"}, {"score", 0}, {"checks", {"terms"}}}},
                        {"self-harm", {{"verdict", "unchecked"}}}};
  const auto message_of = [&] {
    const JobError error = policy_error(verdict);
    return body(error_response(Dialect::openai, {Code::refused, error.field, error.message, ""},
                               request()))["error"]["message"]
        .get<std::string>();
  };
  EXPECT_NE(message_of().find("safety_violations=[sexual, violence]"), std::string::npos) << message_of();
  EXPECT_NE(message_of().find("Request req_1."), std::string::npos) << message_of();
  verdict.categories = Json::object();
  EXPECT_EQ(message_of().find("safety_violations"), std::string::npos) << message_of();
}

TEST(ErrorResponse, OpenAiHasTypeCodeAndParam) {
  struct Case {
    Error error;
    int status;
    const char *type, *code, *should_retry;
  };
  const Case cases[] = {
      {invalid("size", "x"), 400, "invalid_request_error", "invalid", ""},
      {{Code::refused, "prompt", "x", ""}, 400, "image_generation_user_error", "moderation_blocked", "false"},
      {{Code::unauthenticated, "", "x", ""}, 401, "invalid_request_error", "invalid_api_key", ""},
      {not_found("model", "x"), 404, "invalid_request_error", "model_not_found", ""},
      {{Code::conflict, "id", "x", ""}, 409, "invalid_request_error", "conflict", "false"},
      {{Code::exhausted, "concurrent_jobs", "x", ""}, 429, "requests", "rate_limit_exceeded", "true"},
      {{Code::exhausted, "budget_micros", "x", ""}, 429, "insufficient_quota", "insufficient_quota", "false"},
      {{Code::unavailable, "", "x", ""}, 503, "server_error", "", "true"},
      {{Code::internal, "", "x", ""}, 500, "server_error", "", ""},
  };
  for (const Case& test : cases) {
    const Response response = error_response(Dialect::openai, test.error, request());
    EXPECT_EQ(response.status, test.status) << test.error.text();
    const Json error = body(response)["error"];
    EXPECT_EQ(error["type"], test.type) << test.error.text();
    EXPECT_EQ(error["code"], *test.code == '\0' ? Json(nullptr) : Json(test.code)) << test.error.text();
    EXPECT_EQ(header(response, "x-should-retry"), test.should_retry) << test.error.text();
    EXPECT_TRUE(error.contains("param") && error.contains("message"));
  }
}

TEST(ErrorResponse, A1111IsFastApis) {
  const Json wrong = body(error_response(Dialect::a1111, invalid("steps", "must be positive"), request()));
  EXPECT_EQ(wrong["detail"][0]["loc"], Json::parse(R"(["body","steps"])"));
  EXPECT_EQ(error_response(Dialect::a1111, invalid("steps", "x"), request()).status, 422);
  const Response missing = error_response(Dialect::a1111, not_found("sampler", "no such sampler"), request());
  EXPECT_EQ(missing.status, 404);
  EXPECT_TRUE(body(missing)["detail"].is_string());
}

TEST(ErrorResponse, WhatHappenedInsideIsForTheLog) {
  for (const Error& error :
       {Error{Code::internal, "", "secret", ""}, Error{Code::data_loss, "x", "secret", ""},
        Error{Code::unavailable, "/var/secret/db", "secret", ""},
        Error{Code::exhausted, "/secret", "disk full", ""}})
    for (const Dialect dialect : {Dialect::native, Dialect::openai, Dialect::a1111}) {
      const Response response = error_response(dialect, error, request());
      EXPECT_GE(response.status, 500);
      EXPECT_EQ(response.body.find("secret"), std::string::npos);
      EXPECT_NE(response.log_note.find("secret"), std::string::npos);
      EXPECT_NE(response.body.find("req_1"), std::string::npos);
    }
}

TEST(ErrorResponse, WaitingIsToldInSeconds) {
  const Response response =
      error_response(Dialect::native, {Code::unavailable, "", "draining", "retry after 30 s"}, request());
  EXPECT_EQ(header(response, "Retry-After"), "30");
  EXPECT_EQ(header(response, "retry-after-ms"), "30000");
  EXPECT_EQ(
      header(error_response(Dialect::native, {Code::exhausted, "budget_micros", "spent", ""}, request()),
             "Retry-After"),
      "");
}

}  // namespace
}  // namespace limner
