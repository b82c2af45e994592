#pragma once
// Packed weights kept in the user's cache folder, so that a later start maps them instead of packing.

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "engine/engine.h"

namespace limner {

struct KeptWeights {
  std::filesystem::path folder;
  size_t bytes = 0;  ///< of packed weights
};

/// Draws a small number of steps, so that every weight that drawing needs is packed, and keeps them, a file a
/// network, where load() of the same files in the same precision by the same program on the same kind of
/// processor finds them. Files may be deleted at any time. `unsupported` for a model with LoRAs, embeddings
/// or another autoencoder, whose weights are no file's, and for one whose weights are encrypted.
Result<KeptWeights> keep_packed(Model& model);

/// Deletes everything that was ever kept so.
Result<void> forget_packed();

}  // namespace limner
