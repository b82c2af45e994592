#pragma once
// What traces say of a job. Never its prompt: its digest.

#include <string>
#include <utility>
#include <vector>

#include "jobs/drawing/worker_context.h"

namespace limner::drawing {

using SpanAttributes = std::vector<std::pair<std::string, Json>>;

/// Gives the job its place in the trace of the request that brought it.
void begin_trace(ActiveJob& job);
/// A stage of the job that began at `started` and is over now: "prepare", "draw", "finish", "keep".
void take_stage_span(WorkerContext& context, const ActiveJob& job, const char* stage, TimeUs started,
                     const Error* error = nullptr, SpanAttributes attributes = {});
/// The whole job, when it has ended.
void take_job_span(WorkerContext& context, const ActiveJob& job, const Job& ended);

}  // namespace limner::drawing
