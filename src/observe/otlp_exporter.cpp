#include "observe/otlp_exporter.h"

#include <algorithm>
#include <charconv>
#include <exception>

namespace limner {
namespace {

constexpr size_t kBatchSpansMax = 256;
constexpr int kAttemptsMax = 4;
constexpr double kRetrySecondsLongest = 30;
constexpr std::chrono::seconds kFlushTime{2};

bool is_worth_retrying(int status) { return status == 429 || status >= 500; }

// The seconds of a Retry-After header; 0 where there is none, or a date.
double retry_after_seconds(const HttpResponse& response) {
  const std::string_view text = response.header("retry-after");
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return error == std::errc() && end == text.data() + text.size() ? std::max(seconds, 0) : 0;
}

Counter& dropped(Metrics& metrics, const std::string& reason) {
  return metrics
      .counter("limner_trace_spans_dropped_total", "Spans that did not reach the collector.", {"reason"})
      .with({reason});
}

}  // namespace

OtlpExporter::OtlpExporter(OtlpConfig config, HttpClient& http, Metrics& metrics, Log& log)
    : config_(std::move(config)),
      http_(http),
      log_(log),
      exported_(
          metrics.counter("limner_trace_spans_exported_total", "Spans that the collector took.").with({})),
      dropped_full_(dropped(metrics, "queue_full")),
      dropped_undelivered_(dropped(metrics, "undelivered")),
      queue_(config_.queued_spans_max),
      thread_([this] { run(); }) {}

OtlpExporter::~OtlpExporter() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    flush_until_ = SteadyClock::now() + kFlushTime;
  }
  closing_changed_.notify_all();
  queue_.close();
  thread_.join();
}

void OtlpExporter::take(SpanRecord span) {
  if (!span.context.sampled) return;
  if (!queue_.try_push(std::move(span))) dropped_full_.add();
}

void OtlpExporter::run() {
  while (std::optional<SpanRecord> first = queue_.pop()) {
    try {
      deliver(next_batch(std::move(*first)));
    } catch (const std::exception& error) {
      log_.error("span_export_failed", {{"why", error.what()}});
    }
  }
}

std::vector<SpanRecord> OtlpExporter::next_batch(SpanRecord first) {
  const auto until = SteadyClock::now() + std::chrono::duration<double>(config_.batch_seconds);
  std::vector<SpanRecord> batch;
  batch.push_back(std::move(first));
  while (batch.size() < kBatchSpansMax) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(until - SteadyClock::now());
    std::optional<SpanRecord> span = queue_.pop_for(std::max(left, std::chrono::nanoseconds(0)));
    if (!span) break;
    batch.push_back(std::move(*span));
  }
  return batch;
}

void OtlpExporter::deliver(const std::vector<SpanRecord>& batch) {
  const std::string body =
      otlp_request(batch, config_.resource).dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string why = "closing";
  for (int attempt = 1; attempt <= kAttemptsMax && !out_of_time(); ++attempt) {
    const Result<HttpResponse> response = post(body);
    if (response && response->status >= 200 && response->status < 300) {
      exported_.add(static_cast<double>(batch.size()));
      return;
    }
    why = response ? "HTTP status " + std::to_string(response->status) : response.error().text();
    if (attempt == kAttemptsMax || (response && !is_worth_retrying(response->status))) break;
    const double asked = response ? retry_after_seconds(*response) : 0;
    const double backoff = backoff_seconds(attempt, config_.retry_seconds_first, kRetrySecondsLongest);
    wait_unless_closing(std::min(std::max(asked, backoff), kRetrySecondsLongest));
  }
  dropped_undelivered_.add(static_cast<double>(batch.size()));
  log_.warning("spans_dropped", {{"spans", batch.size()}, {"why", why}});
}

Result<HttpResponse> OtlpExporter::post(const std::string& body) {
  HttpRequest request;
  request.method = "POST";
  request.url = config_.endpoint;
  while (request.url.path.ends_with('/')) request.url.path.pop_back();
  request.url.path += "/v1/traces";
  request.headers = config_.headers;
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = body;
  request.total_seconds = 10;
  request.response_bytes_max = 1u << 20;
  request.stop = [this] { return out_of_time(); };
  return http_.send(request);
}

void OtlpExporter::wait_unless_closing(double seconds) {
  std::unique_lock lock(mutex_);
  closing_changed_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return closing_; });
}

bool OtlpExporter::out_of_time() {
  const std::lock_guard lock(mutex_);
  return closing_ && SteadyClock::now() >= flush_until_;
}

}  // namespace limner
