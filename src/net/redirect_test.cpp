#include "net/redirect.h"

#include <gtest/gtest.h>

#include "net/http_server_fixture.h"

namespace limner {
namespace {

using Connection = HttpServerFixture::Connection;

HttpResponse redirect(int status, std::string location) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Location", std::move(location)}};
  return response;
}

HttpRequest request_to(std::string_view url, std::string method = "GET") {
  HttpRequest request;
  request.method = std::move(method);
  request.url = parse_url(url, "url").value();
  request.headers = {{"Authorization", "Bearer k"},
                     {"Accept", "image/png"},
                     {"X-Amz-Security-Token", "t"},
                     {"Content-Type", "text/plain"}};
  request.body = "body";
  return request;
}

HttpRequest next(const HttpRequest& request, const HttpResponse& response) {
  Result<std::optional<HttpRequest>> next = next_request(request, response);
  EXPECT_TRUE(next) << (next ? "" : next.error().text());
  return next && *next ? **next : HttpRequest{};
}

TEST(Redirect, LocationsMayBeRelative) {
  const HttpRequest request = request_to("https://a.test/x/y?q=1");
  const std::pair<const char*, const char*> kCases[] = {
      {"https://b.test/z", "https://b.test/z"},
      {"//b.test/z", "https://b.test/z"},
      {"/z?p", "https://a.test/z?p"},
      {"z", "https://a.test/x/z"},
      {"../z", "https://a.test/z"},
      {"?p=2", "https://a.test/x/y?p=2"},
      {"https://a.test:8443/z#part", "https://a.test:8443/z"}};
  for (const auto& [location, url] : kCases)
    EXPECT_EQ(next(request, redirect(302, location)).url.text(), url) << location;
}

TEST(Redirect, OnlyCertainStatusesRedirect) {
  const HttpRequest request = request_to("https://a.test/");
  for (const int status : {200, 201, 300, 304, 404})
    EXPECT_FALSE(next_request(request, redirect(status, "/z")).value()) << status;
  HttpResponse nowhere;
  nowhere.status = 302;
  EXPECT_FALSE(next_request(request, nowhere).value());
}

TEST(Redirect, CredentialsStayBehindOnAnotherHost) {
  const HttpRequest request = request_to("https://a.test/");
  EXPECT_EQ(next(request, redirect(307, "/z")).headers, request.headers);
  for (const char* location : {"https://b.test/", "https://a.test:8443/", "https://a.test.evil.test/"})
    EXPECT_EQ(next(request, redirect(307, location)).headers,
              (Headers{{"Accept", "image/png"}, {"Content-Type", "text/plain"}}))
        << location;
}

TEST(Redirect, SomeTurnAPostIntoAGet) {
  const HttpRequest post = request_to("https://a.test/", "POST");
  for (const int status : {301, 302, 303}) {
    EXPECT_EQ(next(post, redirect(status, "/z")).method, "GET");
    EXPECT_EQ(next(post, redirect(status, "/z")).body, "");
  }
  for (const int status : {307, 308}) {
    EXPECT_EQ(next(post, redirect(status, "/z")).method, "POST");
    EXPECT_EQ(next(post, redirect(status, "/z")).body, "body");
  }
  EXPECT_EQ(next(request_to("https://a.test/", "PUT"), redirect(301, "/z")).method, "PUT");
  EXPECT_EQ(next(request_to("https://a.test/", "HEAD"), redirect(303, "/z")).method, "HEAD");
}

TEST(Redirect, NotToWhatWeDoNotSpeak) {
  const HttpRequest request = request_to("https://a.test/");
  for (const char* location :
       {"http://a.test/", "file:///etc/passwd", "gopher://a.test/", "https://user:pw@b.test/", "https://"}) {
    const Result<std::optional<HttpRequest>> next = next_request(request, redirect(302, location));
    ASSERT_FALSE(next) << location;
    EXPECT_EQ(next.error().code, Code::forbidden) << location;
  }
}

// A server that sends /N on to /N-1 and answers at /0.
HttpServerFixture::Handler counting_down() {
  return [](const ReceivedRequest& request, Connection& connection) {
    const int left = std::stoi(request.target.substr(1));
    connection.write(left == 0 ? http_answer(200, "there")
                               : http_answer(302, "on", "Location: /" + std::to_string(left - 1) + "\r\n"));
  };
}

TEST(Redirect, AreFollowedSoFarAsAllowed) {
  HttpServerFixture server(counting_down());
  HttpClient client;
  HttpRequest request;
  request.url = server.url("/3");
  EXPECT_EQ(client.send(request)->status, 302);
  request.redirects_max = 3;
  const Result<HttpResponse> there = client.send(request);
  ASSERT_TRUE(there) << there.error().text();
  EXPECT_EQ(there->body, "there");
  request.redirects_max = 2;
  const Result<HttpResponse> too_far = client.send(request);
  ASSERT_FALSE(too_far);
  EXPECT_EQ(too_far.error().code, Code::unavailable);
}

bool allows_first_loopback_only(std::string_view address) { return address == "127.0.0.1"; }

TEST(Redirect, EachHopIsHeldAgainstTheRule) {
  HttpServerFixture inner(
      [](const ReceivedRequest&, Connection& connection) { connection.write(http_answer(200, "secret")); });
  HttpServerFixture outer([&](const ReceivedRequest& request, Connection& connection) {
    connection.write(
        http_answer(302, "", "Location: " + inner.url("/", request.target.substr(1)).text() + "\r\n"));
  });
  ConnectionPool pool;
  HttpRequest request;
  request.redirects_max = 1;
  request.url = outer.url("/127.0.0.1");
  const Result<HttpResponse> allowed = follow(pool, request, allows_first_loopback_only);
  ASSERT_TRUE(allowed) << allowed.error().text();
  EXPECT_EQ(allowed->body, "secret");
  request.url = outer.url("/127.0.0.2");
  const Result<HttpResponse> refused = follow(pool, request, allows_first_loopback_only);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::forbidden) << refused.error().text();
  EXPECT_EQ(inner.connections(), 1);
}

TEST(Redirect, AllHopsShareTheTime) {
  HttpServerFixture server([](const ReceivedRequest&, Connection& connection) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    connection.write(http_answer(302, "", "Location: /\r\n"));
  });
  HttpClient client;
  HttpRequest request;
  request.url = server.url();
  request.redirects_max = 1'000'000;
  request.total_seconds = 0.3;
  const Result<HttpResponse> response = client.send(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::deadline) << response.error().text();
}

}  // namespace
}  // namespace limner
