#include "net/http_client.h"

#include <gtest/gtest.h>

#include <chrono>

#include "net/http_server_fixture.h"

namespace limner {
namespace {

using Connection = HttpServerFixture::Connection;
using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

HttpServerFixture::Handler always(std::string answer) {
  return [answer = std::move(answer)](const ReceivedRequest&, Connection& connection) {
    connection.write(answer);
  };
}

HttpRequest get(const Url& url) { return HttpRequest{.url = url}; }

TEST(HttpClient, SendsAndReceives) {
  ReceivedRequest received;
  HttpServerFixture server([&](const ReceivedRequest& request, Connection& connection) {
    received = request;
    connection.write(http_answer(201, "made", "X-Answer:  yes \r\nEtag: \"1\"\r\n"));
  });
  HttpClient client;
  HttpRequest request{.method = "POST", .url = server.url("/a%20b?c=d/../e"), .body = "{\"x\":1}"};
  request.headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}, {"Authorization", "Bearer k"}};
  const Result<HttpResponse> response = client.send(request);
  ASSERT_TRUE(response) << response.error().text();
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "made");
  EXPECT_EQ(response->header("x-answer"), "yes");
  EXPECT_EQ(response->header("ETAG"), "\"1\"");
  EXPECT_EQ(response->header("absent"), "");
  EXPECT_GT(response->seconds, 0);
  EXPECT_EQ(received.method, "POST");
  EXPECT_EQ(received.target, "/a%20b?c=d/../e");
  EXPECT_EQ(received.body, "{\"x\":1}");
  EXPECT_EQ(received.header("content-type"), "application/json");
  EXPECT_EQ(received.header("authorization"), "Bearer k");
  EXPECT_TRUE(received.header("user-agent").starts_with("limner/"));
}

TEST(HttpClient, SpeaksEveryMethod) {
  ReceivedRequest received;
  HttpServerFixture server([&](const ReceivedRequest& request, Connection& connection) {
    received = request;
    std::string answer = http_answer(200, "body");
    if (request.method == "HEAD") answer.resize(answer.size() - 4);
    connection.write(answer);
  });
  HttpClient client;
  for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "POST", "PATCH"}) {
    HttpRequest request = get(server.url("/../x"));
    request.method = method;
    const Result<HttpResponse> response = client.send(request);
    ASSERT_TRUE(response) << method << response.error().text();
    EXPECT_EQ(received.method, method);
    EXPECT_EQ(received.target, "/../x") << "the path as it was signed";
    EXPECT_EQ(received.header("content-type"), "");
    EXPECT_EQ(response->body, received.method == "HEAD" ? "" : "body");
    EXPECT_EQ(response->header("content-length"), "4");
    const bool sends_body = received.method[0] == 'P';
    EXPECT_EQ(received.header("content-length"), sends_body ? "0" : "") << method;
  }
  EXPECT_EQ(server.connections(), 1) << "connections are kept";
}

TEST(HttpClient, EveryStatusIsAnAnswer) {
  HttpServerFixture server(always("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + http_answer(503, "later")));
  HttpClient client;
  const Result<HttpResponse> response = client.send(get(server.url()));
  ASSERT_TRUE(response) << response.error().text();
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->body, "later");
  EXPECT_EQ(response->header("link"), "") << "of the interim answer";
}

TEST(HttpClient, RefusesHeadersThatWouldSplit) {
  HttpServerFixture server(always(http_answer(200, "")));
  HttpClient client;
  for (const auto& [name, value] : Headers{{"X", "a\r\nY: b"}, {"X: y\r\nZ", "a"}, {"", "a"}, {"A b", "c"}}) {
    HttpRequest request = get(server.url());
    request.headers = {{name, value}};
    const Result<HttpResponse> response = client.send(request);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Code::invalid);
  }
  HttpRequest request = get(server.url());
  request.method = "GET / HTTP/1.1\r\nX:";
  EXPECT_FALSE(client.send(request));
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpClient, NobodyThereIsUnavailable) {
  const Url url = HttpServerFixture(always("")).url();  // nobody listens there any more
  HttpClient client;
  const Result<HttpResponse> response = client.send(get(url));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::unavailable) << response.error().text();
  EXPECT_EQ(response.error().field, url.authority());
}

TEST(HttpClient, AClosedConnectionIsUnavailable) {
  for (const char* answer : {"", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "HTTP/1.1 200 OK\r\nX",
                             "SSH-2.0-OpenSSH_9.2\r\n"}) {
    HttpServerFixture server([answer](const ReceivedRequest&, Connection& connection) {
      connection.write(answer);
      connection.close();
    });
    HttpClient client;
    const Result<HttpResponse> response = client.send(get(server.url()));
    ASSERT_FALSE(response) << answer;
    EXPECT_EQ(response.error().code, Code::unavailable) << answer << response.error().text();
  }
}

TEST(HttpClient, AServerThatClosedAnIdleConnectionIsAskedAgain) {
  std::atomic<int> requests = 0;
  HttpServerFixture server([&](const ReceivedRequest&, Connection& connection) {
    ++requests;
    connection.write(http_answer(200, "x"));
    connection.close();
  });
  HttpClient client;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.send(get(server.url())));
  EXPECT_EQ(requests, 3);
}

TEST(HttpClient, ASlowAnswerMeetsTheDeadline) {
  for (const bool drips : {false, true}) {
    HttpServerFixture server([drips](const ReceivedRequest&, Connection& connection) {
      if (drips) connection.write("HTTP/1.1 200 OK\r\n");
      while (drips && connection.write("X: y\r\n"))
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      connection.wait_for_end();
    });
    HttpClient client;
    HttpRequest request = get(server.url());
    request.total_seconds = 0.2;
    const SteadyClock::time_point start = SteadyClock::now();
    const Result<HttpResponse> response = client.send(request);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, Code::deadline) << response.error().text();
    EXPECT_LT(seconds_since(start), 10);
  }
}

TEST(HttpClient, BodiesAreBounded) {
  HttpServerFixture server([](const ReceivedRequest& request, Connection& connection) {
    if (request.target == "/fits") {
      connection.write(http_answer(200, std::string(1000, 'x')));
      return;
    }
    connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (connection.write("64\r\n" + std::string(100, 'x') + "\r\n")) continue;
  });
  HttpClient client;
  HttpRequest request = get(server.url("/fits"));
  request.response_bytes_max = 1000;
  EXPECT_TRUE(client.send(request));
  request.url = server.url("/endless");
  const Result<HttpResponse> response = client.send(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::too_large) << response.error().text();
}

TEST(HttpClient, HeadersAreBounded) {
  HttpServerFixture server([](const ReceivedRequest&, Connection& connection) {
    connection.write("HTTP/1.1 200 OK\r\n");
    while (connection.write("X-More: and more\r\n")) continue;
  });
  HttpClient client;
  const Result<HttpResponse> response = client.send(get(server.url()));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::too_large) << response.error().text();
}

TEST(HttpClient, AHeaderLineWithoutEndIsNoAnswer) {
  HttpServerFixture server([](const ReceivedRequest&, Connection& connection) {
    connection.write("HTTP/1.1 200 OK\r\nX-More: ");
    while (connection.write(std::string(1000, 'x'))) continue;
  });
  HttpClient client;
  EXPECT_FALSE(client.send(get(server.url())));
}

TEST(HttpClient, GivesPiecesToTheReceiver) {
  HttpServerFixture server([](const ReceivedRequest& request, Connection& connection) {
    connection.write(http_answer(request.target == "/good" ? 200 : 404, "some bytes"));
  });
  HttpClient client;
  std::string pieces;
  HttpRequest request = get(server.url("/good"));
  request.on_data = [&pieces](std::string_view piece) {
    pieces += piece;
    return true;
  };
  const Result<HttpResponse> good = client.send(request);
  ASSERT_TRUE(good);
  EXPECT_EQ(pieces, "some bytes");
  EXPECT_EQ(good->body, "");
  request.url = server.url("/bad");
  const Result<HttpResponse> bad = client.send(request);
  ASSERT_TRUE(bad);
  EXPECT_EQ(bad->body, "some bytes");
  EXPECT_EQ(pieces, "some bytes") << "an error's text is no data";
  request.url = server.url("/good");
  request.on_data = [](std::string_view) { return false; };
  const Result<HttpResponse> stopped = client.send(request);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::cancelled);
}

TEST(HttpClient, CanBeStopped) {
  std::atomic<bool> asked = false;
  HttpServerFixture server([&](const ReceivedRequest&, Connection& connection) {
    asked = true;
    connection.wait_for_end();
  });
  HttpClient client;
  HttpRequest request = get(server.url());
  request.stop = [&asked] { return asked.load(); };
  const SteadyClock::time_point start = SteadyClock::now();
  const Result<HttpResponse> response = client.send(request);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::cancelled);
  EXPECT_LT(seconds_since(start), 20);
}

TEST(HttpClient, StrangersUrlsReachOnlyThePublicInternet) {
  HttpServerFixture server(always(http_answer(200, "secret")));
  HttpClient client;
  ASSERT_TRUE(client.send(get(server.url())));  // leaves an open connection behind
  for (const char* host : {"127.0.0.1", "127.0.0.2", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]", "[::1]"}) {
    HttpRequest request = get(server.url("/", host));
    request.reach = Reach::public_only;
    const Result<HttpResponse> response = client.send(request);
    ASSERT_FALSE(response) << host;
    EXPECT_EQ(response.error().code, Code::forbidden) << host << ": " << response.error().text();
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, IsForManyThreads) {
  HttpServerFixture server([](const ReceivedRequest& request, Connection& connection) {
    connection.write(http_answer(200, request.target));
  });
  HttpClient client;
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 25; ++i) {
          const std::string path = "/" + std::to_string(t) + "/" + std::to_string(i);
          const Result<HttpResponse> response = client.send(get(server.url(path)));
          right += response && response->body == path;
        }
      });
  }
  EXPECT_EQ(right, 200);
  EXPECT_LE(server.connections(), 24) << "connections are used again";
}

}  // namespace
}  // namespace limner
