#pragma once
// Checkpoints in one file with the names of the original latent diffusion code: what A1111, ComfyUI and
// Civitai exchange. Such a file has no configuration: it is read off the tensors' names and shapes, as
// diffusers' from_single_file does.

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "tensor/weight_source.h"

namespace limner {

/// One network of a checkpoint under diffusers names, with the config.json that diffusers would have; or the
/// scheduler's config, which has no weights.
struct SingleFilePart {
  std::string class_name;  ///< "UNet2DConditionModel"
  Json config;
  std::shared_ptr<const WeightSource> weights;
};

struct SingleFileModel {
  std::string kind;  ///< "sd1", "sd2", "sdxl", "sdxl_refiner"
  /// By diffusers' names: "unet", "vae", "text_encoder", "text_encoder_2", "scheduler".
  std::map<std::string, SingleFilePart> components;
};

/// Whether `weights` have the UNet of a latent diffusion checkpoint.
bool looks_like_single_file(const WeightSource& weights);

/// Opens a whole checkpoint: UNet, autoencoder and text encoders. SD 1.x, SD 2.x, SDXL and its refiner, with
/// the input channels of text-to-image, inpainting (9) or editing (8). SD 2.x is taken to predict v, as
/// diffusers takes it, unless the file's ModelSpec metadata say otherwise; the marker tensors "v_pred" and
/// "ztsnr" are obeyed. Sizes follow from shapes; what cannot be seen is the family's: 8 heads in SD 1.x,
/// heads of 64 channels elsewhere, 32 groups in norms. Another kind of file is `unsupported` and says what
/// was found, or how it is to be given.
Result<SingleFileModel> open_single_file(const std::filesystem::path& path);

/// An autoencoder alone, with or without the prefix it has in a checkpoint. A bare file does not say how its
/// latents are scaled: `kind` is that of the model it will serve.
Result<SingleFilePart> open_single_file_vae(const std::filesystem::path& path, const std::string& kind);

/// A ControlNet alone, under LDM ("control_model." or bare) or diffusers names.
Result<SingleFilePart> open_single_file_controlnet(const std::filesystem::path& path);

}  // namespace limner
