#pragma once
// One step of UniPC as weights: the predictor UniP and the corrector UniC, in their B(h) form.

#include <array>
#include <cstdint>
#include <span>

#include "sampling/samplers/vp_level.h"

namespace limner {

/// The function B(h) of the paper, by diffusers' names: h itself, or e^h - 1.
enum class UniPcType : uint8_t { bh1, bh2 };

/// Which quantity is integrated and how it is weighted.
struct UniPcForm {
  bool predict_clean = true;  ///< the model's outputs are clean latents rather than noise
  UniPcType type = UniPcType::bh2;
};

/// A step from level past[0] to `next`:
///   x <- latent * x + m0 * outputs[0] + change * (sum of rhos[i] * D_i + rho_now * (now - outputs[0])),
/// where D_i = (outputs[i + 1] - outputs[0]) / ratios[i] and `now` is the output at the step's end, which
/// only the corrector knows.
struct UniPcUpdate {
  int differences = 0;  ///< how many D_i: the order less one
  float latent = 1, m0 = 0, change = 0, rho_now = 0;
  std::array<float, 2> ratios{}, rhos{};
};

/// UniP, resp. UniC, of the order that `past` is long: 1 to 3 levels, newest first.
/// f32 in the order of operations of diffusers 0.42.1's UniPCMultistepScheduler. A step of no length changes
/// nothing. Zhao et al. 2023 (arXiv:2302.04867), Algorithms 5 to 8.
UniPcUpdate unipc_predictor(UniPcForm form, std::span<const VpLevel> past, const VpLevel& next);
UniPcUpdate unipc_corrector(UniPcForm form, std::span<const VpLevel> past, const VpLevel& next);

/// out <- the step from x. `outputs`: newest first, differences + 1 of them; `now` is empty for a predictor.
/// All [element]; out may be x.
void apply(const UniPcUpdate& update, std::span<const std::span<const float>> outputs,
           std::span<const float> now, std::span<const float> x, std::span<float> out);

}  // namespace limner
