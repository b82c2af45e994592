#include "jobs/webhook.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace limner {
namespace {

constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr TimeUs kTime = 1'614'265'330 * kSecondUs;
constexpr const char* kBody = R"({"test": 2432232314})";
constexpr const char* kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

TEST(WebhookSignature, IsTheConventionsOwnExample) {
  EXPECT_EQ(webhook_signature(kSecret, kId, kTime, kBody), kSignature);
  // Parts of a second are not signed, because they are not sent.
  EXPECT_EQ(webhook_signature(kSecret, kId, kTime + 999'999, kBody), kSignature);
}

TEST(WebhookSignature, ChangesWithEveryPart) {
  EXPECT_NE(webhook_signature("whsec_dGVzdA==", kId, kTime, kBody), kSignature);
  EXPECT_NE(webhook_signature(kSecret, "msg_other", kTime, kBody), kSignature);
  EXPECT_NE(webhook_signature(kSecret, kId, kTime + kSecondUs, kBody), kSignature);
  EXPECT_NE(webhook_signature(kSecret, kId, kTime, "{}"), kSignature);
}

TEST(WebhookSignature, OneForEachSecret) {
  const std::string both = webhook_signature(std::string("whsec_dGVzdA== ") + kSecret, kId, kTime, kBody);
  EXPECT_EQ(both, webhook_signature("whsec_dGVzdA==", kId, kTime, kBody) + " " + kSignature);
}

TEST(WebhookSignature, WhatIsNoSecretSignsNothing) {
  for (const char* secret : {"", " ", "whsec_", "dGVzdA==", "whsec_!!"})
    EXPECT_EQ(webhook_signature(secret, kId, kTime, kBody), "") << secret;
}

TEST(WebhookRetries, FollowTheConventionsTableToItsEnd) {
  const double expected[] = {5, 300, 1800, 7200, 18'000, 36'000, 50'400, 72'000, 86'400};
  for (int i = 0; i < 9; ++i) EXPECT_EQ(webhook_retry_seconds(i + 1), expected[i]);
  EXPECT_FALSE(webhook_retry_seconds(10));
  EXPECT_FALSE(webhook_retry_seconds(0));
}

std::string body_with(int pictures) {
  Json body = {{"type", "job.stored"}, {"data", {{"id", "job_a"}, {"pictures", Json::array()}}}};
  for (int i = 0; i < pictures; ++i)
    body["data"]["pictures"].push_back({{"id", "pic_01arz3ndektsv4rrffq69g5fav"}, {"seed", i}});
  return body.dump();
}

TEST(WebhookBody, StaysBelowTwentyKilobytesWithTheFirstPictures) {
  EXPECT_EQ(bounded_webhook_body(body_with(3)), body_with(3));
  const std::string body = bounded_webhook_body(body_with(1000));
  EXPECT_LT(body.size(), 20'000u);
  EXPECT_GT(body.size(), 10'000u);
  const Json json = parse_json(body, "body").value();
  EXPECT_EQ(json["data"]["pictures"][0]["seed"], 0);
  EXPECT_EQ(json["data"]["pictures"].size() + json["data"]["pictures_left_out"].get<size_t>(), 1000u);
}

}  // namespace
}  // namespace limner
