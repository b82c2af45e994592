#include "jobs/drawing/job_spans.h"

#include "base/crypto.h"
#include "base/sha256.h"

namespace limner::drawing {

void begin_trace(ActiveJob& job) {
  const std::optional<TraceContext> parent = parse_traceparent(job.job.traceparent);
  job.trace = parent ? child_of(*parent) : new_trace();
  if (parent) job.parent_span = parent->span_id;
}

void take_stage_span(WorkerContext& context, const ActiveJob& job, const char* stage, TimeUs started,
                     const Error* error, SpanAttributes attributes) {
  SpanRecord span;
  span.name = stage;
  span.context = child_of(job.trace);
  span.parent_span_id = job.trace.span_id;
  span.started = started;
  span.ended = context.parts.clock.now();
  if (error) span.error = code_name(error->code);
  span.attributes = std::move(attributes);
  span.attributes.emplace_back("limner.job", job.job.id);
  context.parts.spans.take(std::move(span));
}

// Names: OpenTelemetry's semantic conventions for generative AI where they have one, else our own.
void take_job_span(WorkerContext& context, const ActiveJob& job, const Job& ended) {
  SpanRecord span;
  span.name = "job";
  span.context = job.trace;
  span.parent_span_id = job.parent_span;
  span.started = ended.submitted;
  span.ended = ended.finished;
  if (!ended.error.empty()) span.error = ended.error.code;
  const std::string& model = job.job.model;
  const std::shared_ptr<const JobPlan> plan = job.plan();
  span.attributes = {{"gen_ai.operation.name", "image_generation"},
                     {"gen_ai.provider.name", "limner"},
                     {"gen_ai.request.model", model},
                     {"gen_ai.response.model", ended.drawn_by.empty() ? model : ended.drawn_by},
                     {"gen_ai.output.type", "image"},
                     {"gen_ai.request.seed", ended.seed},
                     {"gen_ai.request.choice.count", ended.count},
                     {"limner.job", ended.id},
                     {"limner.request_id", ended.request_id},
                     {"limner.tenant", ended.tenant},
                     {"limner.tier", tier_name(ended.tier)},
                     {"limner.state", job_state_name(ended.state)},
                     {"limner.model.version", job.version().sha256},
                     {"limner.prompt_sha256", sha256_hex(as_bytes(job.request.params.prompt))},
                     {"limner.steps", plan->steps},
                     {"limner.pixels", int64_t{plan->width} * plan->height * ended.count},
                     {"limner.engine_us", ended.engine_us}};
  if (!ended.error.empty()) span.attributes.emplace_back("error.type", ended.error.code);
  context.parts.spans.take(std::move(span));
}

}  // namespace limner::drawing
