#include "api/http/request_journal.h"

#include <fmt/format.h>

#include <algorithm>

namespace limner {
namespace {

constexpr std::string_view kMethods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"};

// Strangers choose methods: only the usual ones become label values.
std::string method_label(const std::string& method) {
  return std::ranges::find(kMethods, method) == std::end(kMethods) ? "other" : method;
}

}  // namespace

RequestJournal::RequestJournal(Log& log, Metrics& metrics, SpanSink& spans)
    : log_(log),
      spans_(spans),
      seconds_(metrics.histogram("limner_http_request_duration_seconds",
                                 "From a request's first byte to its answer's last.", kPictureSeconds,
                                 {"route", "method", "status"})),
      connections_(metrics.gauge("limner_http_connections", "Open connections.").with({})),
      bytes_in_(
          metrics.counter("limner_http_bytes_total", "Bytes over the network, without TLS.", {"direction"})
              .with({"in"})),
      bytes_out_(
          metrics.counter("limner_http_bytes_total", "Bytes over the network, without TLS.", {"direction"})
              .with({"out"})) {}

void RequestJournal::bytes(size_t in, size_t out) {
  if (in > 0) bytes_in_.add(static_cast<double>(in));
  if (out > 0) bytes_out_.add(static_cast<double>(out));
}

void RequestJournal::finished(const RequestRecord& record) {
  const std::string route(record.route.empty() ? "none" : record.route);
  const std::string method = method_label(record.method);
  seconds_.with({route, method, fmt::format("{}", record.status)}).observe(record.seconds);

  const LogLevel level = record.status >= 500 ? LogLevel::error : LogLevel::info;
  log_.write(level, "http_request",
             {{"request", record.request_id},
              {"method", method},
              {"route", route},
              {"status", record.status},
              {"key", record.key_id},
              {"remote", record.remote},
              {"seconds", record.seconds},
              {"bytes_in", record.bytes_in},
              {"bytes_out", record.bytes_out},
              {"trace", record.trace.trace_id},
              {"note", record.note}});

  SpanRecord span;
  span.name = method + ' ' + route;
  span.context = record.trace;
  span.parent_span_id = record.parent_span_id;
  span.started = record.received;
  span.ended = record.ended;
  span.server = true;
  if (record.status >= 500) span.error = fmt::format("{}", record.status);
  span.attributes = {{"http.request.method", method},
                     {"http.route", route},
                     {"http.response.status_code", record.status},
                     {"limner.request_id", record.request_id}};
  spans_.take(std::move(span));
}

}  // namespace limner
