#pragma once
// The noise a model was trained with, timestep by timestep.

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace limner {

/// torch.linspace(start, end, count) in f32, bit for bit on CPUs with FMA.
std::vector<float> torch_linspace(float start, float end, int count);

/// betas of a diffusers beta_schedule: "linear", "scaled_linear" or "squaredcos_cap_v2"; `unsupported` with
/// `field` otherwise. Ho et al. 2020 (arXiv:2006.11239); Nichol and Dhariwal 2021 (arXiv:2102.09672),
/// equation 17.
Result<std::vector<float>> betas_of(std::string_view beta_schedule, double beta_start, double beta_end,
                                    int count, std::string_view field);

/// Betas rescaled so that the last timestep is pure noise. Lin et al. 2023 (arXiv:2305.08891), algorithm 1.
std::vector<float> rescale_zero_terminal_snr(std::span<const float> betas);

/// The running product of 1 - beta, accumulated in f64 and rounded to f32 as torch.cumprod does.
std::vector<float> alphas_cumprod(std::span<const float> betas);

}  // namespace limner
