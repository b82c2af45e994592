#pragma once
// What is remembered of each request: a log line, metrics, a span.

#include <string>
#include <string_view>

#include "base/log.h"
#include "base/metrics.h"
#include "base/trace.h"

namespace limner {

/// A request that is over, one way or another.
struct RequestRecord {
  std::string request_id, method, remote, key_id;
  std::string_view route;  ///< its template; empty: none
  int status = 0;          ///< 499: the client went away before the answer was begun
  TimeUs received = 0, ended = 0;
  double seconds = 0;
  uint64_t bytes_in = 0, bytes_out = 0;
  TraceContext trace;
  std::string parent_span_id, note;
};

/// Thread-safe.
class RequestJournal {
 public:
  RequestJournal(Log& log, Metrics& metrics, SpanSink& spans);
  void finished(const RequestRecord& record);
  void bytes(size_t in, size_t out);
  void connections(size_t open) { connections_.set(static_cast<double>(open)); }

 private:
  Log& log_;
  SpanSink& spans_;
  MetricFamily<Histogram>& seconds_;
  Gauge& connections_;
  Counter& bytes_in_;
  Counter& bytes_out_;
};

}  // namespace limner
