#include "jobs/assessment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/ids.h"
#include "engine/upscale_factor.h"
#include "jobs/job_inputs.h"
#include "jobs/remote_request.h"
#include "jobs/rights.h"
#include "jobs/worker.h"

namespace limner {
namespace {

using drawing::JobPlan;
using drawing::Route;

// The largest factor of the ESRGAN-class networks in use: of a file that does not say.
constexpr int kUpscaleMost = 4;
// RRDBNet of 23 blocks: some 20 million multiply-adds a source pixel, at 1 TFLOP/s.
constexpr double kUpscaleSecondsPerPixel = 40e-6;
// PNG of noise; what is drawn takes half of it, and lossy files a tenth.
constexpr int64_t kFileBytesPerPixel = 3;
// Time and bytes are predicted and may be off by this.
constexpr int64_t kPredictionMargin = 2;

Result<void> check_names(const Catalogue& catalogue, const JobRequest& request) {
  TRY(check_names_only(request.params));
  if (has_second_upscaler(request.params))
    TRY(catalogue.find_adapter(AdapterKind::upscaler, request.params.hires_upscaler, "hires_upscaler"));
  return {};
}

int64_t enlarged(const JobPlan& plan, int64_t pixels) {
  if (plan.upscaler.empty()) return pixels;
  const Result<int> known = upscale_factor(plan.upscaler);
  const int64_t factor = known ? *known : kUpscaleMost;
  return pixels * factor * factor;
}

double upscale_seconds(const JobRequest& request, int64_t pixels) {
  return request.upscaler.empty()
             ? 0
             : request.pictures() * static_cast<double>(pixels) * kUpscaleSecondsPerPixel;
}

int64_t saturating_sum(int64_t a, int64_t b) {
  int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

}  // namespace

/// Sizes of one picture and of what drawing it takes.
struct Assessor::Measures {
  int64_t pixels = 0;        ///< as drawn or given
  int64_t pixels_final = 0;  ///< as delivered
  size_t drawing_bytes = 0, model_bytes = 0;
};

std::string billed_model(const JobRequest& request, const JobPlan& plan) {
  return plan.route == Route::upscaler ? request.upscaler : plan.model;
}

Result<Assessment> Assessor::assess(const Caller& caller, const std::string& tenant,
                                    const JobRequest& request) {
  TRY(check_tier_allowed(caller, request.tier));
  if (request.task != "upscale") TRY(check_model_allowed(caller, TRY(parts_.catalogue.find(request.model))));
  Assessment assessment;
  assessment.deadline = deadline_of(request);
  assessment.sampling_steps = drawing::sampling_steps(parts_.catalogue, request);
  const Measures measures = TRY(measure(tenant, request, assessment.plan));
  TRY(check_measures(caller, request, measures));
  if (assessment.plan.steps > parts_.config.steps_max)
    return invalid("steps", fmt::format("{} evaluations of the network; at most {} are made for a picture",
                                        assessment.plan.steps, parts_.config.steps_max));
  assessment.admission = TRY(admission(caller, request, assessment.plan, measures, assessment.deadline));
  if (assessment.admission.verdict != Admission::Verdict::admitted) return assessment.admission.error;
  assessment.reserved_micros =
      reservation(request, assessment.plan, measures, assessment.admission.predicted_seconds);
  return assessment;
}

Result<Assessor::Measures> Assessor::measure(const std::string& tenant, const JobRequest& request,
                                             JobPlan& plan) {
  TRY(check_names(parts_.catalogue, request));
  const InputSizes inputs = TRY(look_at_pictures(parts_.uploads, tenant, request));
  const auto uploaded_lora = [&](const std::string& id) -> Result<std::filesystem::path> {
    const Upload lora = TRY(parts_.uploads.find(tenant, id, "lora", "loras"));
    return std::filesystem::path(lora.sha256);
  };
  plan = TRY(drawing::plan_job(parts_.catalogue, request, inputs, uploaded_lora));
  Measures measures;
  switch (plan.route) {
    case Route::engine:
      measures.pixels = int64_t{plan.width} * plan.height;
      measures.drawing_bytes = plan.drawing_bytes;
      measures.model_bytes = parts_.pool.peek(plan.variant.key()) ? 0 : plan.weight_bytes;
      break;
    case Route::upscaler:
      measures.pixels = int64_t{inputs.init_width} * inputs.init_height;
      break;
    case Route::provider:
      TRY(check_remote_request(request, plan.model));
      measures.pixels = int64_t{request.params.width.value_or(0)} * request.params.height.value_or(0);
  }
  measures.pixels_final = enlarged(plan, measures.pixels);
  return measures;
}

Result<void> Assessor::check_measures(const Caller& caller, const JobRequest& request,
                                      const Measures& measures) {
  const JobServiceConfig& config = parts_.config;
  if (request.pictures() > config.pictures_max)
    return invalid(
        request.frames > 0 ? "frames" : "count",
        fmt::format("{} pictures; at most {} are drawn in one job", request.pictures(), config.pictures_max));
  TRY(check_pixels_allowed(caller, measures.pixels_final));
  if (measures.pixels_final > config.pixels_max)
    return Error{Code::too_large, "size",
                 fmt::format("{} pixels; at most {} are drawn in one picture", measures.pixels_final,
                             config.pixels_max),
                 "draw smaller, or without enlarging"};
  return {};
}

Result<Admission> Assessor::admission(const Caller& caller, const JobRequest& request, const JobPlan& plan,
                                      const Measures& measures, TimeUs deadline) {
  const WorkerStatus status = parts_.worker.status();
  AdmissionRequest asked;
  asked.tier = static_cast<TierNumber>(request.tier);
  asked.step_class = plan.step_class;
  asked.pictures = request.pictures();
  asked.steps = plan.steps;
  asked.rows = plan.rows;
  asked.model_bytes = measures.model_bytes;
  asked.drawing_bytes = measures.drawing_bytes;
  asked.deadline = deadline;
  AdmissionState state;
  state.now = parts_.clock.now();
  state.queued = status.waiting[asked.tier];
  state.draining = status.draining;
  state.paused = status.paused[asked.tier];
  if (plan.route == Route::engine) {
    DrawingEntry entry;
    entry.tenant = caller.tenant.id;
    entry.tenant_weight = caller.tenant.weight;
    entry.tier = asked.tier;
    entry.step_class = plan.step_class;
    entry.rows = plan.rows;
    entry.steps_left = plan.steps;
    entry.submitted = state.now;
    entry.deadline = deadline;
    state.forecast = parts_.worker.forecast(entry);
  }
  Admission admission = admit(asked, parts_.config.admission, state, parts_.worker.profile());
  if (plan.route != Route::engine) admission.predicted_seconds = 0;
  admission.predicted_seconds += upscale_seconds(request, measures.pixels);
  if (admission.verdict == Admission::Verdict::overloaded)
    admission.error.hint = fmt::format("retry after {:.0f} s", std::ceil(admission.retry_after_seconds));
  return admission;
}

int64_t Assessor::reservation(const JobRequest& request, const JobPlan& plan, const Measures& measures,
                              double engine_seconds) const {
  const int pictures = request.pictures();
  const int64_t pixels = measures.pixels_final * pictures;
  Quantities used;
  used.engine_us = static_cast<int64_t>(engine_seconds * kSecondUs) * kPredictionMargin;
  used.bytes_stored = static_cast<uint64_t>(pixels * kFileBytesPerPixel * kPredictionMargin);
  if (plan.route != Route::provider) {
    used.pictures = pictures;
    used.pixels = pixels;
  }
  const int64_t ours =
      cost_micros(parts_.prices, billed_model(request, plan), static_cast<int>(request.tier), used);
  return saturating_sum(ours, plan.provider_price_micros * pictures);
}

TimeUs Assessor::deadline_of(const JobRequest& request) const {
  const double otherwise = parts_.config.default_deadline_seconds[static_cast<int>(request.tier)];
  const double seconds = request.deadline_seconds.value_or(otherwise);
  return seconds > 0 ? parts_.clock.now() + static_cast<TimeUs>(seconds * kSecondUs) : 0;
}

}  // namespace limner
