#pragma once
// The diffusers and transformers configs of networks of which only the weights are known. Internal to
// single_file.cpp.

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "nets/ldm_names.h"
#include "tensor/weight_source.h"

namespace limner {

/// What is the same for every checkpoint of a kind and cannot be seen in its tensors.
struct SingleFileKind {
  std::string_view name;  ///< "sd1"
  int64_t sample_size;    ///< latent extent of training
  int64_t heads;          ///< in every attention; 0: as many as give each 64 channels
  bool upcast_attention;  ///< diffusers computes attention in f32
  double vae_scaling_factor;
};

/// The kind `name`, which must be one of "sd1", "sd2", "sdxl", "sdxl_refiner".
const SingleFileKind& single_file_kind(std::string_view name);

/// UNet2DConditionModel's config.json. `unet` has diffusers names; `pooled_width` is that of the text vector
/// beside the time ids (SDXL), 0 if there is none.
Result<Json> unet_config_of(const WeightSource& unet, const UnetLayout& layout, const SingleFileKind& kind,
                            int64_t pooled_width);
/// ControlNetModel's.
Result<Json> controlnet_config_of(const WeightSource& controlnet, const UnetLayout& layout,
                                  const SingleFileKind& kind, int64_t pooled_width);
/// AutoencoderKL's.
Result<Json> vae_config_of(const WeightSource& vae, const SingleFileKind& kind);
/// CLIPTextModel's, or CLIPTextModelWithProjection's if `projected`. hidden_act: "quick_gelu" in OpenAI's,
/// "gelu" in OpenCLIP's.
Result<Json> clip_config_of(const WeightSource& text_encoder, std::string_view hidden_act, bool projected);

/// How many of 0, 1, 2, ... exist: `pattern` is a name with one {} for the number.
int count_existing(const WeightSource& weights, std::string_view pattern);
/// Extent `axis` of tensor `name`, which must have more than `axis`.
Result<int64_t> extent_of(const WeightSource& weights, std::string_view name, size_t axis);

}  // namespace limner
