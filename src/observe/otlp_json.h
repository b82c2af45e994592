#pragma once
// Spans as OTLP's JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding).

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/trace.h"

namespace limner {

/// Who sends the spans: "service.name" and its kin.
using ResourceAttributes = std::vector<std::pair<std::string, std::string>>;

/// The body of one ExportTraceServiceRequest.
Json otlp_request(std::span<const SpanRecord> spans, const ResourceAttributes& resource);

}  // namespace limner
