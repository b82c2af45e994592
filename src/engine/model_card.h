#pragma once
// How much of a model there is, from its configs alone.

#include <cstddef>

#include "engine/model.h"

namespace limner {

/// Bytes that the weights of each part take when packed.
size_t unet_weight_bytes(const Model& model);
size_t control_weight_bytes(const Model& model);
size_t text_weight_bytes(const Model& model, const TextEncoder& encoder);
/// Of the decoder, and of the encoder too.
size_t autoencoder_weight_bytes(const Model& model, bool encoder);
/// What is packed of the ControlNets.
size_t control_packed_bytes(const Model& model);

}  // namespace limner
