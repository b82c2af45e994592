#pragma once
// Which of a repository's files Limner reads. Internal to hub.cpp.

#include <string>
#include <vector>

#include "base/json.h"
#include "registry/hub_listing.h"

namespace limner {

/// Files of a diffusers folder. Texts are small and come first: they tell whether the weights are wanted.
struct Selection {
  std::vector<HubFile> texts;    ///< configs, vocabularies, indices
  std::vector<HubFile> weights;  ///< safetensors
};

/// The parts that `index` (a model_index.json) names: of each its config, its vocabulary, and its weights:
/// whole before shards, without variant before fp16 before bf16, never a pickle. `unsupported` if a part has
/// weights only as pickles.
Result<Selection> select_pipeline(const HubListing& listing, const Json& index);

/// The files of one part that is a repository of its own: a ControlNet, an autoencoder.
Result<Selection> select_component(const HubListing& listing);

}  // namespace limner
