#pragma once
// Every way in which a LoRA file may name the modules of a model.

#include <string>
#include <unordered_map>

#include "nets/lora.h"

namespace limner {

/// Flat name in a file -> module of the component ("mid_block.attentions.0.proj_in").
using LoraNames = std::unordered_map<std::string, std::string>;

/// Made from the names of `base`'s own weights: each module under each writer's prefix and spelling, '.'
/// written '_'.
LoraNames lora_names(const WeightSource& base, LoraTarget target);

}  // namespace limner
