#pragma once
// What lies in the model folders (base/model_folders.h). Internal to the catalogue.

#include <array>
#include <vector>

#include "registry/catalogue.h"

namespace limner {

inline constexpr std::array kAdapterKinds = {AdapterKind::lora, AdapterKind::embedding,
                                             AdapterKind::controlnet, AdapterKind::upscaler,
                                             AdapterKind::vae};

/// Models with plain names, by name; of equal names the first found.
std::vector<ModelEntry> models_in_folders();

/// Files NAME.safetensors, and folders with a config.json where the kind comes in folders; by name, of equal
/// names the first found.
std::vector<AdapterEntry> adapters_in_folders(AdapterKind kind);

}  // namespace limner
