#pragma once
// Parts that come beside a model: another autoencoder, a ControlNet, the standard CLIP vocabulary.

#include <filesystem>

#include "base/result.h"
#include "families/model_files.h"

namespace limner {

/// An autoencoder from a diffusers component folder (config.json and weights), the `vae` folder of a whole
/// pipeline, or a single file, whose latents are taken to be scaled as those of the family `kind`.
Result<Component> open_vae(const std::filesystem::path& path, const std::string& kind);

/// A ControlNet from a diffusers component folder or a single file.
Result<Component> open_controlnet(const std::filesystem::path& path);

/// merges.txt of the CLIP vocabulary that every Stable Diffusion model uses, looked up as clip-tokenizer/ in
/// the model folders; `not_found` with what to do.
Result<std::filesystem::path> find_standard_tokenizer();

}  // namespace limner
