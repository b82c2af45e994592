#pragma once
// Where time went, across programs: W3C trace context and spans.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace limner {

/// https://www.w3.org/TR/trace-context/. Ids in lower-case hexadecimal.
struct TraceContext {
  std::string trace_id;  ///< 32 digits
  std::string span_id;   ///< 16 digits
  bool sampled = true;

  /// "00-TRACE-SPAN-01".
  std::string traceparent() const;
};

/// A valid traceparent header, or nothing (as the standard wants: a broken one is ignored).
std::optional<TraceContext> parse_traceparent(std::string_view header);
/// A trace of its own.
TraceContext new_trace();
/// The same trace with a new span id: what a child span hands on.
TraceContext child_of(const TraceContext& parent);

/// A stage that is over.
struct SpanRecord {
  std::string name;  ///< "prepare", "draw", "finish", "keep", "POST /v1/jobs"
  TraceContext context;
  std::string parent_span_id;  ///< empty: a root
  TimeUs started = 0, ended = 0;
  bool server = false;  ///< an incoming request; else internal work
  std::string error;    ///< a code's name; empty: it went well
  std::vector<std::pair<std::string, Json>> attributes;
};

/// Takes finished spans away. Never blocks; drops when it cannot keep up. Thread-safe.
class SpanSink {
 public:
  virtual ~SpanSink() = default;
  virtual void take(SpanRecord span) = 0;
};

class NoSpans final : public SpanSink {
 public:
  void take(SpanRecord) override {}
};

}  // namespace limner
