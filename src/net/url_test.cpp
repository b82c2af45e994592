#include "net/url.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

Url parsed(std::string_view text) {
  Result<Url> url = parse_url(text, "webhook.url");
  EXPECT_TRUE(url) << text << ": " << (url ? "" : url.error().text());
  return url ? std::move(url).value() : Url{};
}

TEST(Url, IsTakenApart) {
  const Url url = parsed("HTTPS://Example.COM:8443/a%20b/c?x=1&y=/?#part");
  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.host, "example.com");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.path, "/a%20b/c");
  EXPECT_EQ(url.query, "x=1&y=/?");
  EXPECT_EQ(url.text(), "https://example.com:8443/a%20b/c?x=1&y=/?");
}

TEST(Url, LeavesOutWhatIsUsual) {
  EXPECT_EQ(parsed("http://example.com").text(), "http://example.com/");
  EXPECT_EQ(parsed("http://example.com:80/").authority(), "example.com");
  EXPECT_EQ(parsed("https://example.com:80/").authority(), "example.com:80");
  EXPECT_EQ(parsed("https://example.com").port, 443);
  EXPECT_EQ(parsed("http://example.com?x=1").text(), "http://example.com/?x=1");
  EXPECT_EQ(parsed("http://minio:9000/").host, "minio");
}

TEST(Url, KnowsAddresses) {
  EXPECT_EQ(parsed("http://127.0.0.1:8080/").authority(), "127.0.0.1:8080");
  const Url six = parsed("http://[::1]:8080/x");
  EXPECT_EQ(six.host, "::1");
  EXPECT_EQ(six.text(), "http://[::1]:8080/x");
}

TEST(Url, RefusesWhatWouldSurprise) {
  for (const char* text : {"",
                           "example.com",
                           "//example.com/",
                           "ftp://example.com/",
                           "file:///etc/passwd",
                           "javascript://example.com",
                           "http://",
                           "http:///path",
                           "http://user@example.com/",
                           "http://user:password@example.com/",
                           "http://a@b@c/",
                           "http://example.com:0/",
                           "http://example.com:65536/",
                           "http://example.com:/",
                           "http://example.com:+80/",
                           "http://example.com:8o/",
                           "http://example..com/",
                           "http://.example.com/",
                           "http://exa mple.com/",
                           "http://example.com/\r\nx: y",
                           "http://example.com\\@evil.com/",
                           "http://ex%61mple.com/",
                           "http://2130706433/",
                           "http://0x7f.1/",
                           "http://0177.0.0.1/",
                           "http://127.1/",
                           "http://127.0.0.1./",
                           "http://[::1/",
                           "http://[::1]x/",
                           "http://[fe80::1%25eth0]/",
                           "http://[example.com]/",
                           "http://\xc3\xa4.com/"}) {
    const Result<Url> url = parse_url(text, "webhook.url");
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, Code::invalid);
    EXPECT_EQ(url.error().field, "webhook.url");
  }
  EXPECT_FALSE(parse_url(std::string("http://a/\0b", 11), "url"));
}

TEST(Url, IsBounded) {
  const std::string start = "http://example.com/";
  EXPECT_TRUE(parse_url(start + std::string(2048 - start.size(), 'a'), "url"));
  EXPECT_FALSE(parse_url(start + std::string(2049 - start.size(), 'a'), "url"));
}

TEST(PercentEncoding, EncodesAllButUnreserved) {
  EXPECT_EQ(percent_encode("azAZ09-._~"), "azAZ09-._~");
  EXPECT_EQ(percent_encode("a b/c?\xc3\xa4%+"), "a%20b%2Fc%3F%C3%A4%25%2B");
  EXPECT_EQ(percent_encode("a b/c", true), "a%20b/c");
}

TEST(PercentEncoding, ComesBack) {
  std::string bytes;
  for (int i = 1; i < 256; ++i) bytes += static_cast<char>(i);
  EXPECT_EQ(percent_decode(percent_encode(bytes), "key", false).value(), bytes);
  EXPECT_EQ(percent_decode(percent_encode(bytes), "key", true).value(), bytes);
  EXPECT_EQ(percent_decode("a+b%2b", "key", true).value(), "a b+");
  EXPECT_EQ(percent_decode("a+b", "key", false).value(), "a+b");
}

TEST(PercentEncoding, RefusesHalves) {
  for (const char* text : {"%", "%4", "%zz", "%4g", "a%", "%%41", "%00"})
    EXPECT_FALSE(percent_decode(text, "key", false)) << text;
  EXPECT_FALSE(percent_decode(std::string_view("a\0b", 3), "key", false));
}

}  // namespace
}  // namespace limner
