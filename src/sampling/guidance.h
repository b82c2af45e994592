#pragma once
// How several predictions of one evaluation become the one a sampler is told. Plain loops over [C, H, W] f32;
// `out` may be any of the inputs. When guidance applies, and at what scale, is the caller's business.

#include <span>

namespace limner {

/// Classifier-free guidance: out = uncond + scale * (cond - uncond). Ho and Salimans 2022 (arXiv:2207.12598),
/// equation 6, with scale = 1 + w as diffusers counts it.
void guide(std::span<const float> uncond, std::span<const float> cond, float scale, std::span<float> out);

/// One of several conditions, and how much it counts.
struct GuidedCondition {
  std::span<const float> prediction;
  float weight = 1;
};
/// Several conditions at once: out = uncond + sum of weight * scale * (cond - uncond), summed in the order
/// given. Liu et al. 2022 (arXiv:2206.01714), equation 11; A1111's AND.
void guide(std::span<const float> uncond, std::span<const GuidedCondition> conditions, float scale,
           std::span<float> out);

/// Guidance by an instruction and by the picture to edit:
/// out = uncond + text_scale * (both - image) + image_scale * (image - uncond), where `image` was predicted
/// with the picture alone and `both` with picture and text. Brooks et al. 2022 (arXiv:2211.09800),
/// equation 3.
void guide_edit(std::span<const float> uncond, std::span<const float> image, std::span<const float> both,
                float text_scale, float image_scale, std::span<float> out);

/// Pulls the spread of `guided` towards that of `cond`: guided *= rescale * std(cond) / std(guided) + 1 -
/// rescale. Lin et al. 2023 (arXiv:2305.08891), section 3.4; diffusers' rescale_noise_cfg. `rescale` in [0,
/// 1]. The sums run in f64 in order, so the result does not depend on threads. A `guided` without spread is
/// left alone.
void rescale_guidance(std::span<const float> cond, float rescale, std::span<float> guided);

}  // namespace limner
