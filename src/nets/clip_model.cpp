#include "nets/clip_model.h"

#include <fmt/format.h>

#include <string>

#include "nets/config_reader.h"

namespace limner {
namespace {

// Configs of older libraries have both towers' settings twice; the second ones win there, so that they must
// not say anything else.
Result<void> check_second(ConfigReader& whole, const std::string& key) {
  const Json* second = whole.raw(key + "_dict");
  const Json* first = whole.raw(key);
  if (!second) return {};
  if (!second->is_object()) return whole.wrong(key + "_dict", "is no object");
  for (const auto& [name, value] : second->items())
    if (!value.is_null() && first->is_object() && first->contains(name) && first->at(name) != value)
      return whole.lacking(key + "_dict",
                           fmt::format("{} differs from the one in {}", name.substr(0, 100), key));
  return {};
}

}  // namespace

Result<ClipModelConfig> read_clip_model_config(const Json& json, std::string_view field) {
  ConfigReader whole = TRY(ConfigReader::open(json, field));
  TRY(whole.only("model_type", "clip"));
  TRY(whole.only("architectures", Json::array({"CLIPModel"})));
  for (const char* tower : {"text_config", "vision_config"}) {
    if (!whole.has(tower)) return whole.wrong(tower, "is missing; a CLIPModel's has one for each tower");
    TRY(check_second(whole, tower));
  }
  ClipModelConfig config;
  config.text = TRY(read_clip_inner_text_config(json, field));
  config.vision = TRY(read_clip_vision_config(json, field));
  // Read with the towers.
  whole.no_effect({"projection_dim"});
  // What training starts from, and what every config may carry.
  whole.no_effect({"logit_scale_init_value", "initializer_factor", "initializer_range", "dtype",
                   "torch_dtype", "transformers_version"});
  TRY(whole.finish());
  return config;
}

}  // namespace limner
