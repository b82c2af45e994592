#pragma once
// What DPM-Solver, UniPC and DEIS have in common: one evaluation a step, a latent of constant variance, and
// the model's latest outputs, from which the next step is extrapolated.

#include <array>
#include <vector>

#include "sampling/noise_schedule.h"
#include "sampling/samplers/clean_limit.h"
#include "sampling/samplers/planned_sampler.h"
#include "sampling/samplers/vp_level.h"

namespace limner {

/// No solver here extrapolates from more outputs.
inline constexpr int kSolverOrderMax = 3;
/// In a drawing of fewer steps diffusers lowers the order of DPM-Solver and DEIS at the end, where it is
/// unstable then.
inline constexpr int kStableSteps = 15;
/// Past model outputs, newest first; those no longer or not yet known are empty.
using Outputs = std::array<std::span<const float>, kSolverOrderMax>;

class VpMultistep : public PlannedSampler {
 protected:
  /// What a solver calls the model's output.
  enum class Output : uint8_t {
    clean,
    noise,
    noise_of_clean,  ///< the noise that clean() leaves in latent(), computed from it even if predicted as
                     ///< such
  };

  /// Remembers `history` outputs and, if `keeps_last_latent`, one more latent.
  VpMultistep(const SamplerRequest& request, const SigmaSchedule& schedule, int history,
              bool keeps_last_latent = false);

  int step_count() const { return static_cast<int>(levels_.size()) - 1; }
  /// levels of `step`, the one before, and so on, newest first, `count` of them; all are at or after first().
  std::vector<VpLevel> levels_until(int step, int count) const;
  /// [0] is the noisiest, [step_count()] where the drawing ends.
  const VpLevel& level(int step) const { return levels_[static_cast<size_t>(step)]; }
  /// The highest order possible in `step`: as many outputs as are known by then and, if `falls_at_end`, no
  /// more than there are steps left.
  int order_limit(int step, bool falls_at_end) const;

  /// What `prediction` means in `step`: writes clean(), thresholded if the model asks for it, and the step's
  /// output, which takes the oldest one's place. Uses scratch().
  void write_output(int step, std::span<const float> prediction, Output kind);
  /// Outputs of step `newest`, the one before, and so on, as far as they are remembered.
  Outputs outputs_until(int newest);
  std::span<float> last_latent() { return memory(history_); }

 private:
  Prediction prediction_;
  bool thresholding_;
  CleanLimit limit_;
  std::vector<VpLevel> levels_;
  int history_;
};

}  // namespace limner
