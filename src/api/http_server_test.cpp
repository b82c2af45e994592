#include "api/http_server.h"

#include <fmt/format.h>

#include <filesystem>
#include <thread>

#include "api/raw_client_fixture.h"
#include "api/services_fixture.h"
#include "base/crypto.h"

namespace limner {
namespace {

std::atomic<int> disconnects = 0, refused_writes = 0;

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

void echo(Services&, const Request& request, const Reply& reply) {
  Response response;
  response.content_type = "text/plain";
  response.body = request.method + " " + request.path + " " + request.body;
  reply.send(std::move(response));
}

void throw_something(Services&, const Request&, const Reply&) { throw std::runtime_error("secret text"); }
void forget(Services&, const Request&, const Reply&) {}

// Answers on another thread, a little later.
void answer_later(Services&, const Request&, const Reply& reply) {
  reply.on_disconnect([] { ++disconnects; });
  std::thread([reply] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    reply.send(json_response(200, {{"late", true}}));
  }).detach();
}

void stream_three(Services&, const Request&, const Reply& reply) {
  Response head;
  head.content_type = "text/event-stream";
  ReplyStream stream = reply.stream(std::move(head), true);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(stream.write(sse_message("step", {{"step", i}})));
}

// Writes far more than any client may leave unread.
void flood(Services&, const Request&, const Reply& reply) {
  ReplyStream stream = reply.stream(Response{}, false);
  stream.on_disconnect([] { ++disconnects; });
  const std::string megabyte(1u << 20, 'x');
  for (int i = 0; i < 64; ++i)
    if (!stream.write(megabyte)) ++refused_writes;
  std::thread([stream]() mutable {
    while (!stream.gone()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }).detach();
}

// The same, and then the one thing that the client must hear.
void flood_and_end(Services&, const Request&, const Reply& reply) {
  ReplyStream stream = reply.stream(Response{}, false);
  const std::string megabyte(1u << 20, 'x');
  for (int i = 0; i < 64; ++i)
    if (!stream.write(megabyte)) ++refused_writes;
  stream.end("the last word");
}

constexpr size_t kBigAnswer = 32u << 20;  // more than sockets take in

void big(Services&, const Request&, const Reply& reply) {
  Response response;
  response.body.assign(kBigAnswer, 'x');
  reply.send(std::move(response));
}

const Route kRoutes[] = {
    {.method = "GET",
     .path = "/big",
     .access = Access::open,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "",
     .handle = big},
    {.method = "GET",
     .path = "/open",
     .access = Access::open,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "",
     .handle = echo},
    {.method = "POST",
     .path = "/open",
     .access = Access::open,
     .dialect = Dialect::native,
     .body_bytes_max = 1000,
     .summary = "",
     .handle = echo,
     .body_type = "text/plain"},
    {.method = "GET",
     .path = "/read",
     .access = Access::read,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "",
     .handle = echo},
    {.method = "GET",
     .path = "/admin",
     .access = Access::admin,
     .dialect = Dialect::openai,
     .body_bytes_max = 0,
     .summary = "",
     .handle = echo},
    {.method = "GET",
     .path = "/sdapi",
     .access = Access::read,
     .dialect = Dialect::a1111,
     .body_bytes_max = 0,
     .summary = "",
     .handle = echo},
    {.method = "GET",
     .path = "/item/{id}",
     .access = Access::open,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "",
     .handle = echo},
    {.method = "GET",
     .path = "/throw",
     .access = Access::open,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "",
     .handle = throw_something},
    {.method = "GET",
     .path = "/forget",
     .access = Access::open,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "",
     .handle = forget},
    {.method = "GET",
     .path = "/later",
     .access = Access::open,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "",
     .handle = answer_later},
    {.method = "GET",
     .path = "/stream",
     .access = Access::open,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "",
     .handle = stream_three},
    {.method = "GET",
     .path = "/flood",
     .access = Access::open,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "",
     .handle = flood},
    {.method = "GET",
     .path = "/flood-and-end",
     .access = Access::open,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "",
     .handle = flood_and_end},
    {.method = "POST",
     .path = "/large",
     .access = Access::open,
     .dialect = Dialect::native,
     .body_bytes_max = 64u << 20,
     .summary = "",
     .handle = forget,
     .body_type = "text/plain"},
};

class HttpServerTest : public testing::Test {
 protected:
  void start(HttpConfig config = {}) {
    config.port = 0;
    for (const Route& route : kRoutes) routes_.push_back(&route);
    server_ = std::make_unique<HttpServer>(config, parts_.services, parts_.spans, routes_);
    const Result<void> started = server_->start();
    ASSERT_TRUE(started.has_value()) << started.error().text();
  }
  RawClient client() { return RawClient(server_->port()); }
  RawAnswer ask(std::string_view bytes) {
    RawClient client = this->client();
    client.send(bytes);
    return client.answer();
  }
  static std::string get(std::string_view path, std::string_view headers = {}) {
    return fmt::format("GET {} HTTP/1.1\r\nHost: here\r\n{}\r\n", path, headers);
  }

  ServicesFixture parts_;
  std::vector<const Route*> routes_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  start();
  RawClient client = this->client();
  for (int i = 0; i < 3; ++i) {
    client.send(get("/open?a=b"));
    const RawAnswer answer = client.answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /open ");
    EXPECT_TRUE(answer.header("x-request-id").starts_with("req_"));
    EXPECT_EQ(answer.header("connection"), "");
  }
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrder) {
  start();
  RawClient client = this->client();
  client.send(get("/item/1") + get("/later") +
              "POST /open HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\nabc" + get("/item/2"));
  EXPECT_EQ(client.answer().body, "GET /item/1 ");
  EXPECT_EQ(client.answer().body, "{\"late\":true}");
  EXPECT_EQ(client.answer().body, "POST /open abc");
  EXPECT_EQ(client.answer().body, "GET /item/2 ");
}

TEST_F(HttpServerTest, HeadHasTheHeadersOfGetAndNoBody) {
  start();
  RawClient client = this->client();
  client.send("HEAD /open HTTP/1.1\r\nHost: here\r\n\r\n");
  const RawAnswer answer = client.answer(true);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-length"), "11");
  client.send(get("/open"));
  EXPECT_EQ(client.answer().body, "GET /open ");
}

TEST_F(HttpServerTest, Http10IsAnsweredAndClosed) {
  start();
  RawClient client = this->client();
  client.send("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(client.ends());
  EXPECT_NE(client.input().find("data: {\"step\":2}"), std::string::npos);
  EXPECT_EQ(client.input().find("chunked"), std::string::npos);
}

TEST_F(HttpServerTest, UnknownPathsAndMethods) {
  start();
  EXPECT_EQ(ask(get("/nothing")).status, 404);
  EXPECT_EQ(ask(get("/item/../open")).status, 404);
  EXPECT_EQ(ask(get("/item%2f1")).status, 404);
  const RawAnswer answer = ask("DELETE /open HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.header("allow"), "GET, HEAD, POST");
}

TEST_F(HttpServerTest, KeysOpenWhatTheirScopesSay) {
  start();
  EXPECT_EQ(ask(get("/read")).status, 401);
  EXPECT_EQ(ask(get("/read")).header("www-authenticate"), "Bearer realm=\"limner\"");
  EXPECT_TRUE(ask(get("/sdapi")).header("www-authenticate").starts_with("Basic"));
  EXPECT_EQ(ask(get("/read", "Authorization: Bearer lim_wrong\r\n")).status, 401);
  const std::string key = parts_.key({Scope::read});
  EXPECT_EQ(ask(get("/read", "Authorization: Bearer " + key + "\r\n")).status, 200);
  EXPECT_EQ(ask(get("/read", "authorization: basic " + to_base64("anybody:" + key) + "\r\n")).status, 200);
  const RawAnswer forbidden = ask(get("/admin", "Authorization: Bearer " + key + "\r\n"));
  EXPECT_EQ(forbidden.status, 403);
  EXPECT_NE(forbidden.body.find("\"error\":{"), std::string::npos);
  const std::string over = parts_.key({Scope::read}, {}, parts_.clock.now() - 1);
  EXPECT_NE(ask(get("/read", "Authorization: Bearer " + over + "\r\n")).body.find("expired"),
            std::string::npos);
}

TEST_F(HttpServerTest, ARevokedKeyIsNoticedSoon) {
  start();
  const std::string bearer = "Authorization: Bearer " + parts_.key({Scope::read}) + "\r\n";
  EXPECT_EQ(ask(get("/read", bearer)).status, 200);
  ApiKey key = parts_.last_key;
  key.revoked = parts_.clock.now();
  ASSERT_TRUE(parts_.ledger->tenants().update_key(key).has_value());
  EXPECT_TRUE(eventually([&] { return ask(get("/read", bearer)).status == 401; }));
}

TEST_F(HttpServerTest, AnonymousRequestsActAsDefaultWhereAllowed) {
  start({.allow_anonymous = true});
  EXPECT_EQ(ask(get("/read")).status, 200);
  EXPECT_EQ(ask(get("/admin")).status, 403);
  EXPECT_EQ(ask(get("/read", "Authorization: Bearer lim_wrong\r\n")).status, 401);
}

TEST_F(HttpServerTest, RatesAreLimitedAndTold) {
  start();
  const std::string bearer =
      "Authorization: Bearer " + parts_.key({Scope::read}, {.requests_per_minute = 2}) + "\r\n";
  EXPECT_EQ(ask(get("/read", bearer)).header("x-ratelimit-remaining-requests"), "1");
  EXPECT_EQ(ask(get("/read", bearer)).status, 200);
  const RawAnswer answer = ask(get("/read", bearer));
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.header("x-ratelimit-limit-requests"), "2");
  EXPECT_NE(answer.header("retry-after"), "");
  EXPECT_NE(answer.header("ratelimit").find("\"key\";r=0"), std::string::npos);
}

TEST_F(HttpServerTest, WrongKeysAreTurnedAwayByAddress) {
  start({.failed_keys_per_minute = 3});
  const std::string good = "Authorization: Bearer " + parts_.key({Scope::read}) + "\r\n";
  EXPECT_EQ(ask(get("/read", good)).status, 200);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(get("/read", "Authorization: Bearer x\r\n")).status, 401);
  EXPECT_EQ(ask(get("/read", "Authorization: Bearer x\r\n")).status, 429);
  EXPECT_EQ(ask(get("/read", good)).status, 200);  // whoever was known before is let through
}

TEST_F(HttpServerTest, BodiesAreRefusedBeforeTheyAreRead) {
  start();
  const auto post = [&](std::string_view headers) {
    return ask(fmt::format("POST /open HTTP/1.1\r\nHost: here\r\n{}\r\n", headers));
  };
  EXPECT_EQ(post("Content-Length: 1001\r\n").status, 413);
  EXPECT_EQ(post("Content-Length: 99999999999999999999999\r\n").status, 400);
  EXPECT_EQ(post("Content-Length: 5\r\nContent-Type: image/png\r\n").status, 415);
  EXPECT_EQ(post("Content-Length: 5\r\nContent-Encoding: gzip\r\n").status, 415);
  EXPECT_EQ(post("Content-Length: 5\r\nExpect: the unexpected\r\n").status, 417);
  EXPECT_EQ(post("Transfer-Encoding: gzip, chunked\r\n").status, 501);
  EXPECT_EQ(ask("GET /open HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\n").status, 413);
}

TEST_F(HttpServerTest, ContinueIsSaidOnlyAfterTheChecks) {
  start();
  RawClient client = this->client();
  client.send("POST /open HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.answer().status, 100);
  client.send("body");
  EXPECT_EQ(client.answer().body, "POST /open body");
  client.send("POST /open HTTP/1.1\r\nHost: here\r\nContent-Length: 4000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.answer().status, 413);
}

TEST_F(HttpServerTest, ChunkedBodies) {
  start();
  const std::string head = "POST /open HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(ask(head + "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n").body, "POST /open abcde");
  EXPECT_EQ(ask(head + "3\r\nabcd\r\n0\r\n\r\n").status, 400);
  EXPECT_EQ(ask(head + "zz\r\n").status, 400);
  EXPECT_EQ(ask(head + "3e9\r\n" + std::string(1001, 'x')).status, 413);
}

TEST_F(HttpServerTest, SmugglingIsRefused) {
  start();
  const std::string post = "POST /open HTTP/1.1\r\nHost: here\r\n", get = "GET /open HTTP/1.1\r\n";
  const std::string bad[] = {
      post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
      post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
      post + "Content-Length: 3, 3\r\n\r\nabc",
      post + "Content-Length: +3\r\n\r\nabc",
      post + "Content-Length : 3\r\n\r\nabc",
      post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
      get + "\r\n",
      get + "Host: a\r\nHost: b\r\n\r\n",
      get + "Host: a\r\nX: folded\r\n line\r\n\r\n",
      get + "Host: a\r\nX: a\rb\r\n\r\n",
      get + "Host: a\nX: b\r\n\r\n",
      get + "Host: a\r\nX: " + std::string(1, '\0') + "\r\n\r\n",
      get + "Host: a\r\nno colon\r\n\r\n",
      "GET http://other/open HTTP/1.1\r\nHost: here\r\n\r\n",
      "GET /open%00 HTTP/1.1\r\nHost: here\r\n\r\n",
      "GET /op en HTTP/1.1\r\nHost: here\r\n\r\n",
      "\x16\x03\x01 hello\r\n\r\n",
  };
  for (const std::string& request : bad) {
    RawClient client = this->client();
    client.send(request);
    EXPECT_EQ(client.answer().status, 400) << request;
    EXPECT_TRUE(client.ends()) << request;
  }
  EXPECT_EQ(ask("GET /open HTTP/2.0\r\nHost: here\r\n\r\n").status, 505);
  EXPECT_EQ(ask("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: here\r\n\r\n").status, 414);
  EXPECT_EQ(ask(get + "Host: here\r\nX: " + std::string(40'000, 'a') + "\r\n\r\n").status, 431);
}

TEST_F(HttpServerTest, HandlersThatFailAnswer500AndKeepTheirSecrets) {
  start();
  for (const char* path : {"/throw", "/forget"}) {
    const RawAnswer answer = ask(get(path));
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body.find("secret"), std::string::npos);
    EXPECT_NE(answer.body.find(answer.header("x-request-id")), std::string::npos);
  }
}

TEST_F(HttpServerTest, StreamsComeInChunksAndKeepTheConnection) {
  start();
  RawClient client = this->client();
  for (int i = 0; i < 2; ++i) {
    client.send(get("/stream"));
    const RawAnswer answer = client.answer();
    EXPECT_EQ(answer.header("content-type"), "text/event-stream");
    EXPECT_EQ(answer.body,
              "event: step\ndata: {\"step\":0}\n\nevent: step\ndata: {\"step\":1}\n\nevent: step\ndata: "
              "{\"step\":2}\n\n");
  }
}

TEST_F(HttpServerTest, ASlowReaderIsNotWaitedForAndNotRememberedForEver) {
  start({.write_seconds = 1});
  disconnects = refused_writes = 0;
  RawClient client = this->client();
  client.send(get("/flood"));
  EXPECT_TRUE(eventually([] { return disconnects == 1; }));
  EXPECT_GT(refused_writes, 40);
}

TEST_F(HttpServerTest, ASlowReaderHearsTheLastWord) {
  start();
  refused_writes = 0;
  RawClient client = this->client();
  client.send(get("/flood-and-end"));
  EXPECT_TRUE(eventually([] { return refused_writes > 0; }));
  EXPECT_TRUE(client.answer().body.ends_with("xthe last word"));
}

TEST_F(HttpServerTest, TheGoingOfAClientIsNoticed) {
  start();
  disconnects = 0;
  {
    RawClient client = this->client();
    client.send(get("/later"));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_TRUE(eventually([] { return disconnects == 1; }));
  // One that stays is not called gone.
  EXPECT_EQ(ask(get("/later")).status, 200);
  EXPECT_EQ(disconnects, 1);
}

TEST_F(HttpServerTest, SlowClientsAreGivenUp) {
  start({.header_seconds = 0.3, .body_seconds_base = 0.3, .body_bytes_per_second = 1e6, .idle_seconds = 0.3});
  RawClient idle = client(), head = client(), body = client();
  head.send("GET /open HTTP/1.1\r\nHos");
  body.send("POST /open HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\nabc");
  EXPECT_EQ(head.answer().status, 408);
  EXPECT_EQ(body.answer().status, 408);
  EXPECT_TRUE(idle.ends());
  EXPECT_EQ(idle.input(), "");
}

TEST_F(HttpServerTest, MoreConnectionsThanAllowedAreClosedAtOnce) {
  start({.connections_max = 10});
  std::vector<RawClient> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(client());
  for (RawClient& client : clients) {
    client.send(get("/open"));
    EXPECT_EQ(client.answer().status, 200);
  }
  EXPECT_TRUE(client().ends());
  clients.clear();
  EXPECT_TRUE(eventually([&] { return ask(get("/open")).status == 200; }));
}

TEST_F(HttpServerTest, BytesInFlightAreBounded) {
  start({.bytes_in_flight_max = 1000});
  const std::string head = "POST /large HTTP/1.1\r\nHost: here\r\nContent-Length: 800\r\n\r\n";
  RawClient first = client();
  first.send(head);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const RawAnswer second = ask(head);
  EXPECT_EQ(second.status, 503);
  EXPECT_NE(second.header("retry-after"), "");
  first.close();
  EXPECT_TRUE(eventually([&] {
    return ask("POST /open HTTP/1.1\r\nHost: here\r\nContent-Length: 800\r\n\r\n" + std::string(800, 'x'))
               .status == 200;
  }));
}

TEST_F(HttpServerTest, LargeAnswersUnderWayAreBounded) {
  start({.bytes_in_flight_max = kBigAnswer + 1000});
  RawClient first = client();
  first.send(get("/big"));
  ASSERT_TRUE(first.receive());
  const RawAnswer second = ask(get("/big"));
  EXPECT_EQ(second.status, 503);
  EXPECT_NE(second.header("retry-after"), "");
  EXPECT_EQ(ask(get("/open")).status, 200) << "small ones are";
  first.close();
  EXPECT_TRUE(eventually([&] { return ask(get("/big")).body.size() == kBigAnswer; }));
}

TEST_F(HttpServerTest, AnAnswerThatTricklesIsGivenUp) {
  start({.body_bytes_per_second = 1e9, .write_seconds = 0.5});
  RawClient client = this->client();
  client.send(get("/big"));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!client.ends(0) && client.receive() && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(
        std::chrono::milliseconds(20));  // 3 MiB a second at most, never without progress
  EXPECT_TRUE(client.ends(0));
  EXPECT_LT(client.input().size(), kBigAnswer);
}

TEST_F(HttpServerTest, DrainingAnswersWhatIsInWork) {
  start();
  RawClient busy = client(), idle = client();
  busy.send(get("/later"));
  idle.send(get("/open"));
  EXPECT_EQ(idle.answer().status, 200);
  std::thread draining([&] { server_->drain(10); });
  const RawAnswer answer = busy.answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("connection"), "close");
  EXPECT_TRUE(idle.ends());
  busy.close();
  draining.join();
}

TEST_F(HttpServerTest, ManyStreamsCostNoThreads) {
  start();
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                         std::filesystem::directory_iterator());
  };
  const auto before = threads();
  std::vector<RawClient> clients;
  for (int i = 0; i < 300; ++i) {
    clients.push_back(client());
    clients.back().send(get("/stream"));
  }
  for (RawClient& client : clients) EXPECT_EQ(client.answer().status, 200);
  EXPECT_EQ(threads(), before);
}

TEST_F(HttpServerTest, ThePortOfAnotherIsNotTaken) {
  start();
  HttpConfig config;
  config.port = server_->port();
  HttpServer second(config, parts_.services, parts_.spans, routes_);
  const Result<void> started = second.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().code, Code::unavailable);
}

}  // namespace
}  // namespace limner
