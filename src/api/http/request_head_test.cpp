#include "api/http/request_head.h"

#include <gtest/gtest.h>

#include "api/http/chunked_body.h"
#include "api/http/header_text.h"

namespace limner {
namespace {

RequestHead read(const std::string& text) {
  auto parsed = parse_request_head(text, {});
  EXPECT_TRUE(std::holds_alternative<RequestHead>(parsed)) << text;
  return std::get<RequestHead>(std::move(parsed));
}

int refused(const std::string& text) {
  const auto parsed = parse_request_head(text, {});
  const auto* refusal = std::get_if<Refusal>(&parsed);
  return refusal == nullptr ? 0 : refusal->status;
}

TEST(RequestHead, ReadsTargetQueryAndHeaders) {
  const RequestHead head =
      read("GET /v1/a%20b%2fc/?x=1&y=a+b%26&flag HTTP/1.1\r\nHost: h:80\r\nX-Y:  v \t\r\n\r\n");
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.path, "/v1/a b/c/");
  EXPECT_EQ(head.path_segments, (std::vector<std::string>{"v1", "a b/c", ""}));
  const std::vector<std::pair<std::string, std::string>> query = {{"x", "1"}, {"y", "a b&"}, {"flag", ""}};
  EXPECT_EQ(head.query, query);
  EXPECT_EQ(head.header("x-y"), "v");
  EXPECT_TRUE(head.keep_alive);
}

TEST(RequestHead, ReadsTheAbsoluteForm) {
  EXPECT_EQ(read("GET http://Here/a HTTP/1.1\r\nHost: here\r\n\r\n").path, "/a");
  EXPECT_EQ(read("GET HTTP://here HTTP/1.1\r\nHost: here\r\n\r\n").path, "/");
  EXPECT_EQ(refused("GET http://user@here/a HTTP/1.1\r\nHost: here\r\n\r\n"), 400);
}

TEST(RequestHead, ReadsLengthsAndConnection) {
  EXPECT_EQ(read("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\n").content_length, 12u);
  EXPECT_TRUE(read("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n").chunked);
  EXPECT_FALSE(read("GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n").keep_alive);
  EXPECT_FALSE(read("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(read("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n\r\n").expects_continue);
  EXPECT_EQ(refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(RequestHead, RefusesOddTargets) {
  for (const char* target : {"a", "*", "/%zz", "/a%00", "/a#b", "/\x80", "host:80", "/?a=%"})
    EXPECT_EQ(refused(std::string("GET ") + target + " HTTP/1.1\r\nHost: h\r\n\r\n"), 400) << target;
  std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 100; ++i) many += "X: y\r\n";
  EXPECT_EQ(refused(many + "\r\n"), 431);
}

TEST(RequestHead, FindsTheEndInPieces) {
  const std::string text = "GET / HTTP/1.1\r\nHost: h\r\n\r\nrest";
  size_t scanned = 0, end = 0;
  for (size_t size = 0; size <= text.size() && end == 0; ++size)
    end = find_head_end(std::string_view(text).substr(0, size), scanned);
  EXPECT_EQ(text.substr(end), "rest");
}

TEST(ChunkedBody, ReadsPiecesOfAnySize) {
  const std::string text = "4;a=\"b\"\r\nwiki\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nNEXT";
  for (size_t piece = 1; piece < text.size(); ++piece) {
    ChunkedBody chunks;
    std::string body;
    size_t at = 0;
    while (at < text.size() && !chunks.complete()) {
      const Result<size_t> used = chunks.feed(std::string_view(text).substr(at, piece), body, 100);
      ASSERT_TRUE(used.has_value()) << used.error().text();
      at += used.value();
    }
    EXPECT_EQ(body, "wiki0123456789");
    EXPECT_EQ(text.substr(at), "NEXT");
  }
}

TEST(ChunkedBody, RefusesWhatIsNone) {
  for (const std::string text : {"\r\n", "x\r\n", "-1\r\n", "3\nabc", "3\r\nabcd\r\n", "1 2\r\n", "0x3\r\n",
                                 "3 \x01\r\n", "11111111111111111\r\n"}) {
    ChunkedBody chunks;
    std::string body;
    EXPECT_FALSE(chunks.feed(text, body, 1000).has_value()) << text;
  }
  ChunkedBody chunks;
  std::string body;
  const auto fed = chunks.feed("0\r\n" + std::string(900, 'a') + "\r\n" + std::string(900, 'b'), body, 10);
  ASSERT_TRUE(fed.has_value());
  EXPECT_FALSE(chunks.feed(std::string(200, 'b'), body, 10).has_value());
}

TEST(HeaderText, ReadsParameters) {
  EXPECT_EQ(header_parameter("form-data; name=\"a;b\\\"c\"; x=y", "name"), "a;b\"c");
  EXPECT_EQ(header_parameter("form-data; NAME = v ; x=y", "name"), "v");
  EXPECT_EQ(header_parameter("form-data; x=\"unclosed", "x"), "unclosed");
  EXPECT_EQ(header_parameter("form-data; name", "name"), std::nullopt);
  EXPECT_EQ(media_type(" Text/HTML ; charset=x"), "text/html");
  EXPECT_TRUE(list_contains("a, B ,c", "b"));
  EXPECT_FALSE(list_contains("ab", "a"));
}

}  // namespace
}  // namespace limner
