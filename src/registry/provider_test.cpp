#include "registry/provider.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <future>
#include <mutex>

#include "base/crypto.h"
#include "base/json.h"
#include "net/http_server_fixture.h"
#include "registry/provider_retry_budget.h"

namespace limner {
namespace {

constexpr const char* kKey = "sk-very-secret";
constexpr const char* kPrompt = "a private thought";

/// The time of the machine, and more where a test says so.
class AdvancedClock final : public Clock {
 public:
  TimeUs now() const override { return system_.now() + ahead_; }
  TimeUs steady() const override { return system_.steady() + ahead_; }
  void advance(double seconds) { ahead_ += TimeUs(seconds * double(kSecondUs)); }

 private:
  SystemClock system_;
  std::atomic<TimeUs> ahead_ = 0;
};

std::string pictures_answer(int count) {
  Json data = Json::array();
  for (int i = 0; i < count; ++i) data.push_back({{"b64_json", to_base64("picture " + std::to_string(i))}});
  return http_answer(200, Json{{"created", 1}, {"data", data}}.dump());
}

std::string error_answer(int status, const std::string& type, const std::string& code,
                         const std::string& more_headers = "") {
  return http_answer(status, Json{{"error", {{"message", "no"}, {"type", type}, {"code", code}}}}.dump(),
                     more_headers);
}

/// A provider and the endpoint it asks. The endpoint answers with `answer`, the number of the request given.
class ProviderTest : public testing::Test {
 protected:
  using Connection = HttpServerFixture::Connection;
  using Answer = std::function<void(int, Connection&)>;

  ProviderTest()
      : log_file(std::tmpfile()),
        log(::fileno(log_file), LogLevel::debug, false, clock),
        server(
            [this](const ReceivedRequest& request, Connection& connection) { serve(request, connection); }) {
    config.url = server.url("/v1").text();
    config.api_key = kKey;
    config.model = "gpt-image-1";
    config.timeout_seconds = 30;
    request.prompt = kPrompt;
    request.size = "512x512";
  }
  ~ProviderTest() override {
    EXPECT_EQ(logged().find(kKey), std::string::npos) << "no key in logs";
    EXPECT_EQ(logged().find(kPrompt), std::string::npos) << "no prompt in logs";
    std::fclose(log_file);
  }

  void serve(const ReceivedRequest& received, Connection& connection) {
    int number = 0;
    Answer answer_now;
    {
      const std::lock_guard lock(mutex);
      requests.push_back(received);
      number = int(requests.size());
      answer_now = answer;
    }
    answer_now(number, connection);
  }
  void answer_by(Answer by) {
    const std::lock_guard lock(mutex);
    answer = std::move(by);
  }
  void answer_with(std::string text) {
    answer_by([text](int, Connection& connection) { connection.write(text); });
  }
  Provider& provider() {
    if (!made) made = std::make_unique<Provider>("cloud", config, http, clock, log, metrics);
    return *made;
  }
  Result<std::vector<std::string>> draw() { return provider().draw(request); }
  Code draw_fails() {
    const Result<std::vector<std::string>> files = draw();
    EXPECT_FALSE(files);
    if (files) return Code::internal;
    EXPECT_EQ(files.error().text().find(kKey), std::string::npos);
    return files.error().code;
  }
  int asked() {
    const std::lock_guard lock(mutex);
    return int(requests.size());
  }
  std::string logged() {
    std::string text(1 << 20, '\0');
    const ssize_t size = ::pread(::fileno(log_file), text.data(), text.size(), 0);
    text.resize(size_t(std::max<ssize_t>(0, size)));
    return text;
  }
  double counted(const std::string& outcome) {
    return metrics.counter("limner_provider_requests_total", "", {"provider", "outcome"})
        .with({"cloud", outcome})
        .value();
  }

  AdvancedClock clock;
  std::FILE* log_file;
  Log log;
  Metrics metrics;
  HttpClient http;
  ProviderConfig config;
  ProviderRequest request;
  std::mutex mutex;
  std::vector<ReceivedRequest> requests;
  Answer answer = [](int, Connection& connection) { connection.write(pictures_answer(1)); };
  std::unique_ptr<Provider> made;
  HttpServerFixture server;  // last: its threads use all of the above
};

TEST_F(ProviderTest, AsksAsTheImagesApiWants) {
  answer_with(pictures_answer(2));
  request.count = 2;
  request.user = "tenant-7";
  request.trace = new_trace();
  const auto files = draw();
  ASSERT_TRUE(files) << files.error().text();
  EXPECT_EQ(*files, (std::vector<std::string>{"picture 0", "picture 1"}));
  ASSERT_EQ(asked(), 1);
  const ReceivedRequest& sent = requests[0];
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.target, "/v1/images/generations");
  EXPECT_EQ(sent.header("authorization"), std::string("Bearer ") + kKey);
  EXPECT_EQ(sent.header("content-type"), "application/json");
  const auto trace = parse_traceparent(sent.header("traceparent"));
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->trace_id, request.trace.trace_id);
  EXPECT_NE(trace->span_id, request.trace.span_id);
  const Json body = *parse_json(sent.body, "body");
  EXPECT_EQ(body.dump(), R"({"model":"gpt-image-1","prompt":"a private thought","n":2,"size":"512x512",)"
                         R"("user":"tenant-7"})");
  EXPECT_EQ(counted("ok"), 1);
}

TEST_F(ProviderTest, AsksForBase64WhereThatIsNotGivenAnyway) {
  config.model = "dall-e-3";
  config.api_key = "";
  config.url += "/";
  ASSERT_TRUE(draw());
  EXPECT_EQ(parse_json(requests[0].body, "body").value()["response_format"], "b64_json");
  EXPECT_EQ(requests[0].header("authorization"), "");
  EXPECT_EQ(requests[0].target, "/v1/images/generations");
}

TEST_F(ProviderTest, FetchesPicturesFromItsOwnHost) {
  answer_by([this](int number, Connection& connection) {
    if (number > 1) {
      connection.write(http_answer(200, "the file"));
      return;
    }
    connection.write(http_answer(200, R"({"data":[{"url":")" + server.url("/files/1").text() + R"("}]})"));
  });
  const auto files = draw();
  ASSERT_TRUE(files) << files.error().text();
  EXPECT_EQ(files->at(0), "the file");
  EXPECT_EQ(requests[1].target, "/files/1");
  EXPECT_EQ(requests[1].header("authorization"), "") << "the key is not for files";
}

TEST_F(ProviderTest, DoesNotFetchFromPrivateAddresses) {
  std::atomic<int> reached = 0;
  HttpServerFixture inside([&](const ReceivedRequest&, Connection& connection) {
    ++reached;
    connection.write(http_answer(200, "an internal secret"));
  });
  for (const std::string& url : {inside.url("/").text(), std::string("http://169.254.169.254/latest"),
                                 std::string("file:///etc/passwd"), std::string("not a url")}) {
    answer_with(http_answer(200, Json{{"data", {{{"url", url}}}}}.dump()));
    EXPECT_EQ(draw_fails(), Code::unavailable) << url;
  }
  EXPECT_EQ(reached, 0);
}

TEST_F(ProviderTest, RetriesWhatMayPass) {
  answer_by([](int number, Connection& connection) {
    connection.write(number < 3 ? error_answer(500, "server_error", "") : pictures_answer(1));
  });
  EXPECT_TRUE(draw());
  EXPECT_EQ(asked(), 3);
  EXPECT_EQ(counted("ok"), 1) << "a request counts once";
}

TEST_F(ProviderTest, GivesUpAfterThreeAttempts) {
  answer_with(error_answer(503, "server_error", ""));
  EXPECT_EQ(draw_fails(), Code::unavailable);
  EXPECT_EQ(asked(), 3);
  EXPECT_EQ(counted("unavailable"), 1);
}

TEST_F(ProviderTest, RetriesAClosedConnection) {
  answer_by([](int number, Connection& connection) {
    if (number == 1)
      connection.close();
    else
      connection.write(pictures_answer(1));
  });
  EXPECT_TRUE(draw());
  EXPECT_GE(asked(), 2);
}

TEST_F(ProviderTest, NobodyThereIsUnavailable) {
  config.url = "http://127.0.0.1:1/v1";
  config.retry_budget = 0;
  EXPECT_EQ(draw_fails(), Code::unavailable);
  config.url = "gopher://x";
  made.reset();
  EXPECT_EQ(draw_fails(), Code::unavailable);
}

TEST_F(ProviderTest, RespectsRetryAfter) {
  answer_by([](int number, Connection& connection) {
    connection.write(number == 1 ? error_answer(429, "requests", "rate_limit_exceeded", "Retry-After: 1\r\n")
                                 : pictures_answer(1));
  });
  const TimeUs started = clock.steady();
  EXPECT_TRUE(draw());
  EXPECT_GE(clock.steady() - started, kSecondUs * 9 / 10);
}

TEST_F(ProviderTest, DoesNotWaitLongerThanItHasTime) {
  answer_with(error_answer(429, "requests", "rate_limit_exceeded", "Retry-After: 3600\r\n"));
  EXPECT_EQ(draw_fails(), Code::exhausted);
  EXPECT_EQ(asked(), 1);
  EXPECT_EQ(provider().breaker(), CircuitBreaker::State::closed) << "it works, only not for us now";
}

TEST_F(ProviderTest, DoesNotRetryWhatWillNotPass) {
  const std::pair<std::string, Code> answers[] = {
      {error_answer(401, "invalid_request_error", "invalid_api_key"), Code::unavailable},
      {error_answer(404, "invalid_request_error", "model_not_found"), Code::unavailable},
      {error_answer(400, "invalid_request_error", ""), Code::invalid},
      {error_answer(400, "image_generation_user_error", "moderation_blocked"), Code::refused},
      {error_answer(429, "insufficient_quota", "insufficient_quota"), Code::exhausted},
      {http_answer(200, "<html>garbage"), Code::unavailable},
      {http_answer(200, std::string(100'000, '[')), Code::unavailable},
      {http_answer(302, "", "Location: http://127.0.0.1:1/\r\n"), Code::unavailable}};
  config.breaker_failures = 100;
  int before = 0;
  for (const auto& [text, code] : answers) {
    answer_with(text);
    EXPECT_EQ(draw_fails(), code) << text.substr(0, 200);
    EXPECT_EQ(asked(), before + 1) << text.substr(0, 200);
    before = asked();
  }
}

TEST_F(ProviderTest, AnAnswerThatDoesNotComeMeetsTheTimeOut) {
  config.timeout_seconds = 0.3;
  answer_by([](int, Connection& connection) { connection.wait_for_end(); });
  EXPECT_EQ(draw_fails(), Code::deadline);
}

TEST_F(ProviderTest, AnAnswerWithoutEndIsCutOff) {
  config.timeout_seconds = 0.5;
  answer_by([](int, Connection& connection) {
    connection.write("HTTP/1.1 200 OK\r\n\r\n{\"data\":[");
    while (connection.write("{},")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  EXPECT_EQ(draw_fails(), Code::deadline);
}

TEST_F(ProviderTest, CanBeStoppedWhileAskingAndWhileWaiting) {
  request.stop = [this] { return asked() > 0; };
  answer_by([](int, Connection& connection) { connection.wait_for_end(); });
  EXPECT_EQ(draw_fails(), Code::cancelled);
  answer_with(error_answer(429, "requests", "", "Retry-After: 20\r\n"));
  request.stop = [this, before = asked()] { return asked() > before; };
  const TimeUs started = clock.steady();
  EXPECT_EQ(draw_fails(), Code::cancelled);
  EXPECT_LT(clock.steady() - started, 15 * kSecondUs);
  EXPECT_EQ(provider().breaker(), CircuitBreaker::State::closed);
}

TEST_F(ProviderTest, TheBreakerOpensAndOneTryClosesIt) {
  config.breaker_failures = 2;
  config.retry_budget = 0;
  answer_with(error_answer(500, "server_error", ""));
  draw_fails();
  draw_fails();
  EXPECT_EQ(provider().breaker(), CircuitBreaker::State::open);
  EXPECT_EQ(draw_fails(), Code::unavailable);
  EXPECT_EQ(asked(), 2) << "not asked while open";
  EXPECT_NE(metrics.prometheus_text().find("limner_provider_breaker_open{provider=\"cloud\"} 1"),
            std::string::npos);
  clock.advance(31);
  EXPECT_EQ(provider().breaker(), CircuitBreaker::State::half_open);
  answer_with(pictures_answer(1));
  EXPECT_TRUE(draw());
  EXPECT_EQ(provider().breaker(), CircuitBreaker::State::closed);
  EXPECT_NE(metrics.prometheus_text().find("limner_provider_breaker_open{provider=\"cloud\"} 0"),
            std::string::npos);
  EXPECT_NE(logged().find("provider_breaker_opened"), std::string::npos);
}

TEST_F(ProviderTest, TooManyAtOnceAreExhausted) {
  config.concurrent_max = 1;
  std::promise<void> release;
  answer_by([&](int, Connection& connection) {
    release.get_future().wait();
    connection.write(pictures_answer(1));
  });
  provider();
  std::future<bool> first = std::async(std::launch::async, [this] { return bool(draw()); });
  while (asked() == 0) std::this_thread::yield();
  EXPECT_EQ(draw_fails(), Code::exhausted);
  release.set_value();
  EXPECT_TRUE(first.get());
  answer_with(pictures_answer(1));
  EXPECT_TRUE(draw()) << "its place is free again";
}

TEST(ProviderRetryBudget, CountsOverTheLastHundredRequests) {
  ProviderRetryBudget budget(0.05);
  const size_t first = budget.begin();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(budget.take(first));
  EXPECT_FALSE(budget.take(first));
  for (int i = 0; i < 99; ++i) budget.begin();
  EXPECT_FALSE(budget.take(50)) << "the first is still among the last hundred";
  const size_t later = budget.begin();
  EXPECT_TRUE(budget.take(later));
  EXPECT_FALSE(ProviderRetryBudget(0).take(0));
}

}  // namespace
}  // namespace limner
