#pragma once
// The names that the original latent diffusion code (LDM; CompVis, Stability's generative-models) gives to
// modules, beside those of diffusers that Limner's descriptions use. Tables are generated from the shape of a
// network, never by taking names apart: a module that is not there has no row.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tensor/weight_adapters.h"

namespace limner {

/// One module by both names, without ".weight" and ".bias".
struct ModuleNames {
  std::string ldm;
  std::string diffusers;
};

/// What decides which modules a UNet has. A depth is the number of transformer blocks after one residual
/// block; 0: none.
struct UnetLayout {
  int layers = 2;                      ///< residual blocks a level on the way down; one more on the way up
  std::vector<std::vector<int>> down;  ///< depths: a level, highest resolution first, a residual block
  std::vector<std::vector<int>> up;    ///< lowest resolution first; empty in a ControlNet
  int middle = 1;
};

/// Reads off which modules exist under LDM names after `prefix` ("model.diffusion_model."), or under
/// diffusers names. `invalid` if this is no UNet or its blocks are not evenly divided into levels.
Result<UnetLayout> unet_layout_of_ldm(const WeightSource& weights, std::string_view prefix);
Result<UnetLayout> unet_layout_of_diffusers(const WeightSource& weights);

/// UNet2DConditionModel of SD 1.x, 2.x, SDXL and its refiner.
std::vector<ModuleNames> unet_module_names(const UnetLayout& layout);
/// ControlNetModel; `hint_blocks` convolutions lie between the first and the last of the condition's
/// embedding.
std::vector<ModuleNames> controlnet_module_names(const UnetLayout& layout, int hint_blocks);
/// AutoencoderKL of `levels` resolutions with `layers` residual blocks each in the encoder, one more in the
/// decoder.
std::vector<ModuleNames> vae_module_names(int levels, int layers);

/// Diffusers name -> `prefix` + LDM name, for the weight and the bias of each module.
WeightNames weight_names(std::span<const ModuleNames> modules, std::string_view prefix);

/// CLIP's text tower as transformers names it -> as OpenCLIP does after `prefix` ("cond_stage_model.model.").
/// OpenCLIP keeps q, k and v in one matrix, and the projection transposed.
WeightNames open_clip_weight_names(int layers, std::string_view prefix);

/// A CLIP text encoder with "text_model." before its names, as transformers 5.5 saves them; files of other
/// releases lack it.
std::shared_ptr<const WeightSource> with_text_model_prefix(std::shared_ptr<const WeightSource> text_encoder);

/// An autoencoder whose middle attention has today's names (to_q, to_k, to_v, to_out.0); files saved before
/// diffusers 0.16 have query, key, value and proj_attn.
std::shared_ptr<const WeightSource> with_current_vae_names(std::shared_ptr<const WeightSource> vae);

}  // namespace limner
