#pragma once
// How much of a model there is, from its configs alone.

#include <cstddef>

#include "engine/model.h"

namespace limner {

/// Bytes that the UNet's weights take when packed.
size_t unet_weight_bytes(const Model& model);

}  // namespace limner
