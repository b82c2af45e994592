// The examples of AWS's documentation: "Examples: Signature Calculations" of "Authenticating Requests: Using
// the Authorization Header" and "... Using Query Parameters".

#include "store/s3_signature.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/sha256.h"

namespace limner {
namespace {

const S3Credentials kCredentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                 "us-east-1"};
constexpr TimeUs kExampleTime = 1369353600 * kSecondUs;  // 20130524T000000Z

Url url_of(const std::string& path, const S3Query& query = {}) {
  Url url = parse_url("https://examplebucket.s3.amazonaws.com" + path, "url").value();
  url.query = canonical_query(query);
  return url;
}

std::string authorization(std::string_view method, const Url& url, Headers headers,
                          std::string_view body = {}) {
  headers =
      sign_request(kCredentials, method, url, std::move(headers), sha256_hex(as_bytes(body)), kExampleTime);
  EXPECT_EQ(headers.back().first, "Authorization");
  return headers.back().second;
}

std::string expected(const std::string& signed_headers, const std::string& signature) {
  return "AWS4-HMAC-SHA256 "
         "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=" +
         signed_headers + ",Signature=" + signature;
}

TEST(S3Signature, GetObject) {
  EXPECT_EQ(authorization("GET", url_of("/test.txt"), {{"Range", "bytes=0-9"}}),
            expected("host;range;x-amz-content-sha256;x-amz-date",
                     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
}

TEST(S3Signature, PutObject) {
  EXPECT_EQ(authorization(
                "PUT", url_of("/" + percent_encode("test$file.text")),
                {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                "Welcome to Amazon S3."),
            expected("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST(S3Signature, AParameterWithoutAValue) {
  EXPECT_EQ(authorization("GET", url_of("/", {{"lifecycle", ""}}), {}),
            expected("host;x-amz-content-sha256;x-amz-date",
                     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST(S3Signature, SeveralParameters) {
  EXPECT_EQ(authorization("GET", url_of("/", {{"prefix", "J"}, {"max-keys", "2"}}), {}),
            expected("host;x-amz-content-sha256;x-amz-date",
                     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(S3Signature, PresignedGet) {
  EXPECT_EQ(
      presign_get(kCredentials, url_of("/test.txt"), 86400, kExampleTime).text(),
      "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
      "AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&"
      "X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
      "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(S3Signature, QueriesAreEncodedAndInOrder) {
  EXPECT_EQ(canonical_query({{"b", "x y/z+"}, {"a", "~"}, {"B", ""}, {"a-b", "ä"}}),
            "B=&a=~&a-b=%C3%A4&b=x%20y%2Fz%2B");
}

TEST(S3Signature, ThePortIsSignedWhereItIsSent) {
  const Headers none;
  Url with = url_of("/x"), without = url_of("/x");
  with.port = 8443;
  EXPECT_NE(authorization("GET", with, none), authorization("GET", without, none));
}

}  // namespace
}  // namespace limner
