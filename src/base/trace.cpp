#include "base/trace.h"

#include <algorithm>

#include "base/crypto.h"

namespace limner {
namespace {

constexpr size_t kTraceIdBytes = 16, kSpanIdBytes = 8;
// "00-" TRACE "-" SPAN "-" FLAGS
constexpr size_t kTraceparentBytes = 3 + 2 * kTraceIdBytes + 1 + 2 * kSpanIdBytes + 1 + 2;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// An id of zeros means "none" to the standard.
bool is_trace_part(std::string_view text) { return is_hex(text) && text.find_first_not_of('0') != text.npos; }

int hex_value(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

}  // namespace

std::string TraceContext::traceparent() const {
  return "00-" + trace_id + "-" + span_id + (sampled ? "-01" : "-00");
}

std::optional<TraceContext> parse_traceparent(std::string_view header) {
  if (header.size() < kTraceparentBytes) return std::nullopt;
  const std::string_view version = header.substr(0, 2), trace = header.substr(3, 2 * kTraceIdBytes),
                         span = header.substr(36, 2 * kSpanIdBytes), flags = header.substr(53, 2);
  if (header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;
  if (!is_hex(version) || version == "ff" || !is_hex(flags)) return std::nullopt;
  if (!is_trace_part(trace) || !is_trace_part(span)) return std::nullopt;
  // Later versions may append fields; version 00 has none.
  if (header.size() > kTraceparentBytes && (version == "00" || header[kTraceparentBytes] != '-'))
    return std::nullopt;
  return TraceContext{std::string(trace), std::string(span), (hex_value(flags[1]) & 1) != 0};
}

TraceContext new_trace() {
  return TraceContext{to_hex(random_bytes(kTraceIdBytes)), to_hex(random_bytes(kSpanIdBytes)), true};
}

TraceContext child_of(const TraceContext& parent) {
  return TraceContext{parent.trace_id, to_hex(random_bytes(kSpanIdBytes)), parent.sampled};
}

}  // namespace limner
