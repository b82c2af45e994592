#include "schedule/admission.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace limner {

namespace {

constexpr const char* kTierNames[kTierCount] = {"realtime", "standard", "batch"};
// Latents are multiples of 8 pixels, networks like multiples of 64; nothing smaller than 64 is worth
// proposing.
constexpr int kSideStep = 64;
// A client that comes back when the queue is predicted to be short enough should not be sent away again
// because predictions are a few per cent off.
constexpr double kRetryMargin = 1.1;
// What sums of doubles are off at most: a whole number of seconds stays one.
constexpr double kRounding = 1e-6;

std::string bytes_text(size_t bytes) {
  return bytes < (1u << 30) ? fmt::format("{:.0f} MiB", double(bytes) / (1 << 20))
                            : fmt::format("{:.1f} GiB", double(bytes) / (1 << 30));
}

std::string seconds_text(double seconds) {
  return seconds < 120 ? fmt::format("{:.1f} s", seconds) : fmt::format("{:.0f} min", seconds / 60);
}

/// Engine seconds of all pictures, in batches as they pay, with nobody else there.
double work_seconds(const AdmissionRequest& request, int rows_max, const CostProfile& profile) {
  const StepClass& step_class = request.step_class;
  const int together = int(std::min<int64_t>(rows_max, int64_t(request.pictures) * request.rows));
  const double a_picture =
      request.steps * request.rows * profile.row_seconds(step_class, request.rows, together) +
      profile.fixed_seconds(step_class);
  return request.pictures * a_picture;
}

/// The side of the largest square that fits in `room`, memory taken as proportional to pixels: what does not
/// grow with them makes the truth larger, never smaller. 0: none.
int largest_side(const AdmissionRequest& request, size_t room) {
  const double pixels = double(request.step_class.width) * request.step_class.height;
  const double side = std::sqrt(pixels * double(room) / double(request.drawing_bytes));
  return int(side / kSideStep) * kSideStep;
}

Error memory_error(const AdmissionRequest& request, size_t memory_bytes) {
  const StepClass& step_class = request.step_class;
  if (request.model_bytes >= memory_bytes)
    return {
        Code::too_large, "model",
        fmt::format("needs {}, and {} are there", bytes_text(request.model_bytes), bytes_text(memory_bytes)),
        "take a smaller model"};
  const int side = largest_side(request, memory_bytes - request.model_bytes);
  return {Code::too_large, "size",
          fmt::format("{}x{} needs {} beside the model's {}, and {} are there", step_class.width,
                      step_class.height, bytes_text(request.drawing_bytes), bytes_text(request.model_bytes),
                      bytes_text(memory_bytes)),
          side > 0 ? fmt::format("{0}x{0} is the largest square that fits", side) : "take a smaller model"};
}

Admission overloaded(Admission admission, Code code, double retry_after, std::string message) {
  admission.verdict = Admission::Verdict::overloaded;
  admission.retry_after_seconds = std::max(1.0, std::ceil(retry_after - kRounding));
  admission.error = {code, "", std::move(message),
                     fmt::format("try again in {:.0f} s", admission.retry_after_seconds)};
  return admission;
}

Admission impossible(Admission admission, Error error) {
  admission.verdict = Admission::Verdict::impossible;
  admission.error = std::move(error);
  return admission;
}

/// Seconds until `leave` of the tier's queued pictures will be gone, at the pace of the whole queue.
double seconds_until_gone(int64_t leave, size_t queued, double queue_seconds) {
  return queued == 0 ? 0 : queue_seconds * double(leave) / double(queued);
}

}  // namespace

Admission admit(const AdmissionRequest& request, const AdmissionLimits& limits, const AdmissionState& state,
                const CostProfile& profile) {
  LIMNER_CHECK(request.tier >= 0 && request.tier < kTierCount, "a tier that exists");
  const char* tier = kTierNames[request.tier];
  const double load = request.model_bytes > 0 ? profile.load_seconds(request.step_class.model) : 0;
  const double one_picture = request.steps * profile.step_seconds(request.step_class, request.rows) +
                             profile.fixed_seconds(request.step_class);
  Admission admission;
  admission.predicted_seconds = work_seconds(request, limits.rows_max, profile);
  // The forecast is of a job's first picture.
  admission.predicted_wait_seconds =
      state.forecast.wait_seconds + std::max(0.0, admission.predicted_seconds - one_picture);

  if (limits.memory_bytes < request.model_bytes ||
      limits.memory_bytes - request.model_bytes < request.drawing_bytes)
    return impossible(std::move(admission), memory_error(request, limits.memory_bytes));

  const double remaining = double(request.deadline - state.now) / double(kSecondUs);
  const double idle_seconds = admission.predicted_seconds + load;
  if (request.deadline != 0 &&
      (remaining <= 0 || (remaining < idle_seconds && profile.knows(request.step_class.model))))
    return impossible(std::move(admission),
                      {Code::deadline, "deadline_seconds",
                       fmt::format("is in {}, and drawing takes about {} even on an idle machine",
                                   seconds_text(std::max(0.0, remaining)), seconds_text(idle_seconds)),
                       "allow more time, or ask for fewer steps, fewer pictures or a smaller size"});

  if (state.draining)
    return overloaded(std::move(admission), Code::unavailable, state.drain_seconds,
                      "the server is going down");
  if (state.paused && request.tier == 0)
    return overloaded(std::move(admission), Code::unavailable, state.drain_seconds,
                      "the realtime tier is paused");

  const double queue_seconds = std::max(0.0, state.forecast.wait_seconds - one_picture - load);
  const int64_t too_many = int64_t(state.queued) + request.pictures - limits.queued_max[request.tier];
  if (too_many > 0 && state.queued > 0)
    return overloaded(std::move(admission), Code::exhausted,
                      kRetryMargin * seconds_until_gone(too_many, state.queued, queue_seconds),
                      fmt::format("{} pictures wait in the {} tier, {} may", state.queued, tier,
                                  limits.queued_max[request.tier]));
  const double too_long = queue_seconds - limits.wait_seconds_max[request.tier];
  if (too_long > 0)
    return overloaded(
        std::move(admission), Code::exhausted, kRetryMargin * too_long,
        fmt::format("the {} tier has a queue of {}, {} are allowed", tier, seconds_text(queue_seconds),
                    seconds_text(limits.wait_seconds_max[request.tier])));
  return admission;
}

}  // namespace limner
