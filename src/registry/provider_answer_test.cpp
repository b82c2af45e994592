#include "registry/provider_answer.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace limner {
namespace {

using Health = ProviderFailure::Health;

// 2026-01-01T00:00:00Z
constexpr TimeUs kNow = TimeUs(1'767'225'600) * kSecondUs;

HttpResponse answer(int status, std::string body = {}, Headers headers = {}) {
  return {status, std::move(headers), std::move(body), 0};
}

ProviderFailure failure(int status, std::string body = {}, Headers headers = {}) {
  return read_provider_failure(answer(status, std::move(body), std::move(headers)), "p", "sk-secret", kNow);
}

std::string error_body(const std::string& message, const std::string& type, const std::string& code) {
  return Json{{"error", {{"message", message}, {"type", type}, {"param", nullptr}, {"code", code}}}}.dump();
}

TEST(ProviderPictures, ReadsBothForms) {
  const std::string body =
      R"({"created":1,"data":[{"b64_json":")" + to_base64("png") + R"("},{"url":"https://x/y.png"},{}]})";
  const auto pictures = read_provider_pictures(body, 2);
  ASSERT_TRUE(pictures) << pictures.error().text();
  ASSERT_EQ(pictures->size(), 2u) << "no more than asked for";
  EXPECT_EQ((*pictures)[0].bytes, "png");
  EXPECT_EQ((*pictures)[1].url, "https://x/y.png");
}

TEST(ProviderPictures, NonsenseIsUnavailable) {
  for (const std::string& body :
       {std::string(), std::string("<html>"), std::string("[]"), std::string("{}"),
        std::string(R"({"data":{}})"), std::string(R"({"data":[]})"), std::string(R"({"data":[3]})"),
        std::string(R"({"data":[{}]})"), std::string(R"({"data":[{"b64_json":"!!!"}]})"),
        std::string(R"({"data":[{"url":7}]})"), std::string(R"({"data":[{"url":""}]})"),
        std::string("{\"data\":[{\"url\":\"\xff\"}]}"), std::string(1000, '[')}) {
    const auto pictures = read_provider_pictures(body, 1);
    ASSERT_FALSE(pictures) << body;
    EXPECT_EQ(pictures.error().code, Code::unavailable) << body;
  }
}

TEST(ProviderFailures, ByStatus) {
  EXPECT_EQ(failure(400, error_body("bad size", "invalid_request_error", "")).error.code, Code::invalid);
  EXPECT_NE(failure(400, error_body("bad size", "", "")).error.message.find("bad size"), std::string::npos);
  EXPECT_EQ(failure(422).error.code, Code::invalid);
  EXPECT_EQ(failure(400).health, Health::works);
  for (const int status : {301, 401, 403, 404, 418}) {
    EXPECT_EQ(failure(status).error.code, Code::unavailable) << status;
    EXPECT_EQ(failure(status).health, Health::broken) << status;
    EXPECT_FALSE(failure(status).may_retry) << status;
  }
  for (const int status : {500, 502, 503, 599}) {
    EXPECT_EQ(failure(status).error.code, Code::unavailable) << status;
    EXPECT_TRUE(failure(status).may_retry) << status;
  }
}

TEST(ProviderFailures, ModerationIsARefusal) {
  for (const char* code : {"moderation_blocked", "content_policy_violation"}) {
    const ProviderFailure refused =
        failure(400, error_body("safety_violations=[x]", "image_generation_user_error", code));
    EXPECT_EQ(refused.error.code, Code::refused);
    EXPECT_EQ(refused.health, Health::works);
    EXPECT_FALSE(refused.may_retry);
  }
}

TEST(ProviderFailures, RateLimitAndQuota) {
  const ProviderFailure limited =
      failure(429, error_body("slow", "requests", "rate_limit_exceeded"), {{"Retry-After", "7"}});
  EXPECT_EQ(limited.error.code, Code::exhausted);
  EXPECT_EQ(limited.health, Health::unknown);
  EXPECT_TRUE(limited.may_retry);
  EXPECT_EQ(limited.retry_after_seconds, 7);
  EXPECT_FALSE(failure(429, error_body("pay", "insufficient_quota", "insufficient_quota")).may_retry);
}

TEST(ProviderFailures, WordsArePresentable) {
  const std::string secret = failure(400, error_body("key sk-secret is odd", "", "")).error.text();
  EXPECT_EQ(secret.find("sk-secret"), std::string::npos);
  const std::string multiline = failure(400, error_body("a\nb\x1b[2J", "", "")).error.text();
  EXPECT_EQ(multiline.find_first_of("\n\x1b"), std::string::npos);
  std::string umlauts = "x";
  for (int i = 0; i < 10'000; ++i) umlauts += "\xc3\xa4";
  const std::string cut = failure(400, error_body(umlauts, "", "")).error.text();
  EXPECT_LT(cut.size(), 400u);
  EXPECT_NO_THROW(Json(cut).dump()) << "not cut inside a character";
  EXPECT_EQ(failure(401, error_body("Incorrect API key provided: sk-s***t", "", "")).error.text().find("sk-"),
            std::string::npos);
}

TEST(ProviderFailures, RetryAfterInEveryForm) {
  EXPECT_EQ(retry_after_seconds(answer(429, "", {{"retry-after", "2.5"}}), kNow), 2.5);
  EXPECT_EQ(retry_after_seconds(answer(429, "", {{"retry-after-ms", "1500"}, {"retry-after", "9"}}), kNow),
            1.5);
  EXPECT_EQ(retry_after_seconds(answer(429, "", {{"retry-after", "Thu, 01 Jan 2026 00:00:30 GMT"}}), kNow),
            30);
  for (const char* text : {"", "soon", "-5", "nan", "inf", "Thu, 01 Jan 2020 00:00:00 GMT", "3 apples"})
    EXPECT_EQ(retry_after_seconds(answer(429, "", {{"retry-after", text}}), kNow), 0) << text;
  EXPECT_EQ(retry_after_seconds(answer(429, "", {{"retry-after", "1e300"}}), kNow), 86'400);
}

}  // namespace
}  // namespace limner
