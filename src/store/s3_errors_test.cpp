#include "store/s3_errors.h"

#include <gtest/gtest.h>

#include "store/fake_s3.h"

namespace limner {
namespace {

HttpResponse plain(int status, std::string body = {}) { return {status, {}, std::move(body), 0}; }

TEST(S3Errors, TheServersCodeDecides) {
  const struct {
    int status;
    const char* s3_code;
    Code code;
    const char* hint;
  } cases[] = {
      {403, "SignatureDoesNotMatch", Code::forbidden, "secret_key"},
      {403, "InvalidAccessKeyId", Code::forbidden, "access_key"},
      {403, "RequestTimeTooSkewed", Code::forbidden, "clock"},
      {403, "AccessDenied", Code::forbidden, "policy"},
      {404, "NoSuchBucket", Code::not_found, "bucket"},
      {404, "NoSuchKey", Code::not_found, ""},
      {503, "SlowDown", Code::unavailable, ""},
      {400, "RequestTimeout", Code::unavailable, ""},
      {200, "InternalError", Code::unavailable, ""},
      {200, "SomethingNew", Code::unavailable, ""},
      {400, "EntityTooLarge", Code::too_large, ""},
      {403, "QuotaExceeded", Code::exhausted, "quota"},
      {301, "PermanentRedirect", Code::invalid, "region"},
      {400, "SomethingNew", Code::invalid, "endpoint"},
  };
  for (const auto& expected : cases) {
    const Error error = s3_error(FakeS3::refusal(expected.status, expected.s3_code), "PUT of 'a'");
    EXPECT_EQ(error.code, expected.code) << expected.s3_code;
    EXPECT_NE(error.hint.find(expected.hint), std::string::npos) << error.text();
    EXPECT_NE(error.message.find("PUT of 'a' was answered"), std::string::npos) << error.text();
    EXPECT_NE(error.message.find(std::string(expected.s3_code) + ": because"), std::string::npos)
        << error.text();
  }
}

TEST(S3Errors, ElseTheStatus) {
  EXPECT_EQ(s3_error(plain(403), "x").code, Code::forbidden);
  EXPECT_EQ(s3_error(plain(404), "x").code, Code::not_found);
  EXPECT_EQ(s3_error(plain(413, "too much"), "x").code, Code::too_large);
  EXPECT_EQ(s3_error(plain(429), "x").code, Code::unavailable);
  EXPECT_EQ(s3_error(plain(502, "<html><body>Bad Gateway"), "x").code, Code::unavailable);
  EXPECT_EQ(s3_error(plain(507), "x").code, Code::exhausted);
  EXPECT_EQ(s3_error(plain(418), "x").code, Code::invalid);
}

TEST(S3Errors, AServersWordsAreCutAndMadePrintable) {
  const std::string words =
      "<Error><Code>Odd\nCode</Code><Message>" + std::string(10'000, '\x80') + "</Message></Error>";
  const std::string message = s3_error(plain(500, words), "x").message;
  EXPECT_LT(message.size(), 500u);
  EXPECT_NE(message.find("Odd?Code: ????"), std::string::npos) << message;
}

TEST(S3Errors, AnAnswerToAPostMayTakeItBack) {
  const HttpResponse taken_back = FakeS3::refusal(200, "InternalError");
  EXPECT_FALSE(is_s3_success("POST", taken_back));
  EXPECT_TRUE(is_s3_success("GET", taken_back)) << "an object may look like that";
  EXPECT_TRUE(is_s3_success("POST", plain(200, "<Result/>")));
  EXPECT_TRUE(is_s3_success("DELETE", plain(204)));
  EXPECT_FALSE(is_s3_success("GET", plain(301)));
}

TEST(S3Errors, NoAnswerIsUnavailable) {
  EXPECT_EQ(s3_no_answer({Code::deadline, "url", "20 s are over", {}}, "x").code, Code::unavailable);
  EXPECT_EQ(s3_no_answer({Code::unavailable, "url", "connection refused", {}}, "x").code, Code::unavailable);
  EXPECT_EQ(s3_no_answer({Code::too_large, "url", "too large", {}}, "x").code, Code::too_large);
}

}  // namespace
}  // namespace limner
