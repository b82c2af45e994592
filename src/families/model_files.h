#pragma once
// A model as it lies on disk, opened but not yet understood: a diffusers directory or a single-file
// checkpoint.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "tensor/weight_source.h"

namespace limner {

/// One part of a pipeline: its class, its config.json and, for networks, its weights under diffusers names.
struct Component {
  std::string class_name;
  Json config;
  std::string config_field;  ///< how errors name the config: "unet/config.json"
  std::shared_ptr<const WeightSource> weights;
  std::filesystem::path directory;  ///< where tokenizer files lie; empty for a single file
};

/// Everything a family needs to recognise itself. Weight files are mapped, not read.
struct ModelFiles {
  std::filesystem::path path;
  std::string name;            ///< last part of the path, without extension
  std::string pipeline_class;  ///< "StableDiffusionPipeline", ...
  Json index;                  ///< model_index.json; an object of its options for a single file
  std::map<std::string, Component>
      components;  ///< "unet", "vae", "text_encoder", "tokenizer", "scheduler", ...
  std::vector<std::filesystem::path> weight_files;
  Json limner;  ///< limner.json beside the model: defaults its maker recommends; an empty object if there is
                ///< none

  const Component* find(std::string_view component) const;
};

/// Opens `path`: a directory with model_index.json, or a .safetensors checkpoint with LDM weight names.
/// A pipeline or component class Limner has no code for is `unsupported`, naming the file, the key and what
/// is supported.
Result<ModelFiles> open_model_files(const std::filesystem::path& path);

}  // namespace limner
