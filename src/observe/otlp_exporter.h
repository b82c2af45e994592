#pragma once
// Finished spans, sent to an OpenTelemetry collector.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/trace.h"
#include "net/http_client.h"
#include "observe/otlp_json.h"

namespace limner {

struct OtlpConfig {
  Url endpoint;                 ///< "/v1/traces" is put behind its path
  Headers headers;              ///< credentials, if the collector wants any
  ResourceAttributes resource;  ///< "service.name", "service.version", "service.instance.id"
  size_t queued_spans_max = 4096;
  double batch_seconds = 2;        ///< how long the first span of a batch waits for others
  double retry_seconds_first = 1;  ///< backoff before the second attempt; doubles from there
};

/// Sends sampled spans in batches of up to 256 by OTLP over HTTP, as JSON. A batch is tried four times on
/// 429, 5xx and no answer; other answers but 2xx drop it. What is dropped is counted in
/// limner_trace_spans_dropped_total{reason}. The destructor takes up to 2 s to send what is queued.
class OtlpExporter final : public SpanSink {
 public:
  /// The references must outlive this.
  OtlpExporter(OtlpConfig config, HttpClient& http, Metrics& metrics, Log& log);
  ~OtlpExporter() override;
  OtlpExporter(const OtlpExporter&) = delete;
  OtlpExporter& operator=(const OtlpExporter&) = delete;

  void take(SpanRecord span) override;

 private:
  using SteadyClock = std::chrono::steady_clock;

  void run();
  std::vector<SpanRecord> next_batch(SpanRecord first);
  void deliver(const std::vector<SpanRecord>& batch);
  Result<HttpResponse> post(const std::string& body);
  void wait_unless_closing(double seconds);
  bool out_of_time();

  const OtlpConfig config_;
  HttpClient& http_;
  Log& log_;
  Counter& exported_;
  Counter& dropped_full_;
  Counter& dropped_undelivered_;
  BoundedQueue<SpanRecord> queue_;
  std::mutex mutex_;
  std::condition_variable closing_changed_;
  bool closing_ = false;
  SteadyClock::time_point flush_until_;
  std::thread thread_;
};

}  // namespace limner
