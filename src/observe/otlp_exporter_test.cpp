#include "observe/otlp_exporter.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "net/http_server_fixture.h"

namespace limner {
namespace {

// A collector that keeps what it gets and answers with the statuses it was told, then 200.
class Collector {
 public:
  explicit Collector(std::vector<int> statuses = {})
      : statuses_(std::move(statuses)),
        server_([this](const ReceivedRequest& request, auto& connection) { answer(request, connection); }) {}

  Url url() const { return server_.url("/otlp/"); }
  std::vector<ReceivedRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  // The names of the spans in all requests answered with 200.
  std::multiset<std::string> names() const {
    const std::lock_guard lock(mutex_);
    return names_;
  }

 private:
  void answer(const ReceivedRequest& request, HttpServerFixture::Connection& connection) {
    int status = 200;
    {
      const std::lock_guard lock(mutex_);
      if (requests_.size() < statuses_.size()) status = statuses_[requests_.size()];
      requests_.push_back(request);
      const Json body = Json::parse(request.body);
      if (status == 200)
        for (const Json& span : body["resourceSpans"][0]["scopeSpans"][0]["spans"])
          names_.insert(span["name"].get<std::string>());
    }
    connection.write(http_answer(status, "{}"));
  }

  mutable std::mutex mutex_;
  const std::vector<int> statuses_;
  std::vector<ReceivedRequest> requests_;
  std::multiset<std::string> names_;
  HttpServerFixture server_;
};

class OtlpExporterTest : public testing::Test {
 protected:
  OtlpConfig config(const Url& endpoint) const {
    OtlpConfig config;
    config.endpoint = endpoint;
    config.headers = {{"Authorization", "Bearer k"}};
    config.resource = {{"service.name", "limner"}, {"service.instance.id", "a"}};
    config.batch_seconds = 0.05;
    config.retry_seconds_first = 0.01;
    return config;
  }

  static SpanRecord span(std::string name) {
    SpanRecord span;
    span.name = std::move(name);
    span.context = new_trace();
    return span;
  }

  double dropped(const std::string& reason) {
    return metrics_.counter("limner_trace_spans_dropped_total", "", {"reason"}).with({reason}).value();
  }
  double exported() { return metrics_.counter("limner_trace_spans_exported_total", "").with({}).value(); }

  static bool eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 3000 && !holds(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return holds();
  }

  HttpClient http_;
  Metrics metrics_;
  SystemClock clock_;
  Log log_{-1, LogLevel::error, false, clock_};
};

TEST_F(OtlpExporterTest, SendsSampledSpansToTheCollector) {
  Collector collector;
  OtlpExporter exporter(config(collector.url()), http_, metrics_, log_);
  exporter.take(span("prepare"));
  SpanRecord unsampled = span("secret");
  unsampled.context.sampled = false;
  exporter.take(std::move(unsampled));
  exporter.take(span("draw"));
  ASSERT_TRUE(eventually([&] { return exported() == 2; }));
  EXPECT_EQ(collector.names(), (std::multiset<std::string>{"draw", "prepare"}));
  const ReceivedRequest request = collector.requests()[0];
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/otlp/v1/traces");
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(request.header("authorization"), "Bearer k");
  EXPECT_NE(request.body.find("service.instance.id"), std::string::npos);
  EXPECT_EQ(dropped("queue_full"), 0);
}

TEST_F(OtlpExporterTest, SendsWhatIsQueuedBeforeItEnds) {
  Collector collector;
  {
    OtlpConfig slow = config(collector.url());
    slow.batch_seconds = 3600;
    OtlpExporter exporter(slow, http_, metrics_, log_);
    for (int i = 0; i < 600; ++i) exporter.take(span("span"));
  }
  EXPECT_EQ(collector.names().size(), 600u);
  EXPECT_EQ(collector.requests().size(), 3u) << "256 spans a batch";
}

TEST_F(OtlpExporterTest, TriesAgainWhenTheCollectorIsBusy) {
  Collector collector({503, 429, 500});
  OtlpExporter exporter(config(collector.url()), http_, metrics_, log_);
  exporter.take(span("draw"));
  ASSERT_TRUE(eventually([&] { return exported() == 1; }));
  EXPECT_EQ(collector.requests().size(), 4u);
  EXPECT_EQ(dropped("undelivered"), 0);
}

TEST_F(OtlpExporterTest, GivesUpInTheEnd) {
  Collector collector({500, 500, 500, 500, 400});
  OtlpExporter exporter(config(collector.url()), http_, metrics_, log_);
  exporter.take(span("a"));
  ASSERT_TRUE(eventually([&] { return dropped("undelivered") == 1; }));
  EXPECT_EQ(collector.requests().size(), 4u);
  exporter.take(span("b"));
  ASSERT_TRUE(eventually([&] { return dropped("undelivered") == 2; }));
  EXPECT_EQ(collector.requests().size(), 5u) << "400 will not become better";
  exporter.take(span("c"));
  ASSERT_TRUE(eventually([&] { return exported() == 1; })) << "and goes on";
}

TEST_F(OtlpExporterTest, NeverBlocksAndEndsInTimeWhenNobodyAnswers) {
  HttpServerFixture silent([](const ReceivedRequest&, auto& connection) { connection.wait_for_end(); });
  OtlpConfig small = config(silent.url());
  small.queued_spans_max = 10;
  const auto start = std::chrono::steady_clock::now();
  {
    OtlpExporter exporter(small, http_, metrics_, log_);
    for (int i = 0; i < 5000; ++i) exporter.take(span("span"));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(9));
  EXPECT_GE(dropped("queue_full"), 4000);
  EXPECT_EQ(dropped("queue_full") + dropped("undelivered"), 5000);
}

}  // namespace
}  // namespace limner
