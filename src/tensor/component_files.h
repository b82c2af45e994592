#pragma once
// The weights of one component of a model folder: unet/, vae/, text_encoder/. The layout is that of diffusers
// and transformers: one file of a known name, or several and an index that says which tensor lies where.

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "tensor/weight_source.h"

namespace limner {

/// Opens the weights in `folder`: [diffusion_pytorch_]model.safetensors, the same in shards with an index, or
/// their .fp16 or .bf16 variants, in this order. Only pickles there: `unsupported`; nothing: `not_found`.
/// Shards must be plain file names inside the folder and must hold every tensor that the index promises.
Result<std::shared_ptr<const WeightSource>> open_component(const std::filesystem::path& folder);

/// The files that `open_component(folder)` reads, sorted by name; without an index.
Result<std::vector<std::filesystem::path>> component_weight_files(const std::filesystem::path& folder);

/// What names these weights in metadata: of one file its SHA-256 in hexadecimal, of several the SHA-256 of
/// the lines "DIGEST  NAME\n" in the given order. Reads every byte of them.
Result<std::string> weights_sha256(std::span<const std::filesystem::path> files);

}  // namespace limner
