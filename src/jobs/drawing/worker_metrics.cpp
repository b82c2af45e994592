#include "jobs/drawing/worker_metrics.h"

#include <algorithm>

namespace limner::drawing {
namespace {

constexpr double kGuidanceGaps[] = {0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1};
constexpr double kBatchRows[] = {1, 2, 3, 4, 6, 8, 12, 16};

}  // namespace

WorkerMetrics::WorkerMetrics(Metrics& metrics)
    : job_seconds(metrics.histogram("limner_job_e2e_seconds", "From submission to stored pictures.",
                                    kPictureSeconds, {"tier", "model", "op"})),
      queue_wait_seconds(metrics.histogram("limner_queue_wait_seconds",
                                           "From submission to the beginning of the first picture.",
                                           kPictureSeconds, {"tier"})),
      queue_depth(metrics.gauge("limner_queue_depth", "Jobs that wait.", {"tier"})),
      queue_oldest_seconds(metrics.gauge("limner_queue_oldest_age_seconds",
                                         "How long the oldest job that waits has waited.", {"tier"})),
      step_seconds(metrics.histogram("limner_step_duration_seconds", "One network evaluation of a batch.",
                                     kShortSeconds, {"model", "batch", "res_class"})),
      steps(metrics.counter("limner_steps_total", "Network evaluations, one for each picture in a batch.",
                            {"model"})),
      batch_occupancy(metrics.gauge("limner_batch_occupancy", "Rows of the last batch by the most allowed.")),
      batch_rows(metrics.histogram("limner_batch_rows", "Rows of a batch.", kBatchRows)),
      preemptions(metrics.counter("limner_preemptions_total", "Pictures put aside for more urgent ones.")),
      first_partial_seconds(metrics.histogram("limner_time_to_first_partial_seconds",
                                              "From submission to the first preview.", kPictureSeconds)),
      jobs(metrics.counter("limner_jobs_total", "Jobs that ended.", {"tier", "model", "state"})),
      model_errors(metrics.counter("limner_model_errors_total", "Jobs failed by their model.", {"model"})),
      infrastructure_errors(metrics.counter("limner_infrastructure_errors_total",
                                            "Failures of disk, memory or peers, retried ones too.",
                                            {"stage"})),
      cost_micros(metrics.counter("limner_cost_micro_units_total", "Billed, in millionths of the currency.",
                                  {"tenant", "model"})),
      engine_busy_seconds(metrics.counter("limner_engine_busy_seconds_total", "Time the engine worked.")),
      engine_seconds(metrics.counter("limner_engine_seconds_total", "The engine's time by who used it.",
                                     {"tenant", "model"})),
      engine_utilisation(metrics.gauge("limner_engine_utilisation",
                                       "Share of the time since the last scrape in which the engine "
                                       "worked.")),
      unreadable_watermarks(metrics
                                .counter("limner_unreadable_watermarks_total",
                                         "Pictures whose watermark could not be read back after marking.")
                                .with({})),
      provenance_signed(metrics.counter("limner_provenance_signed_total",
                                        "Drawn pictures whose files got a signed manifest.", {"format"})),
      guidance_gap(metrics.histogram("limner_guidance_gap",
                                     "How far the prompt pulls in the first evaluation of a picture.",
                                     kGuidanceGaps, {"model"})) {}

const char* resolution_class(int width, int height) {
  const int side = std::max(width, height);
  if (side <= 64) return "64";
  if (side <= 128) return "128";
  if (side <= 256) return "256";
  if (side <= 512) return "512";
  if (side <= 768) return "768";
  if (side <= 1024) return "1024";
  if (side <= 2048) return "2048";
  return "more";
}

}  // namespace limner::drawing
