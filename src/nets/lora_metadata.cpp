#include "nets/lora_metadata.h"

#include <fmt/format.h>

#include "base/json.h"
#include "nets/lora_file.h"

namespace limner {
namespace {

constexpr const char* kKey = "lora_adapter_metadata";
// PEFT's configs list every module they change: some thousand names.
constexpr JsonLimits kLimits{.bytes_max = size_t{1} << 20, .depth_max = 8};

}  // namespace

Result<LoraMetadata> LoraMetadata::read(const SafetensorsFile& file) {
  LoraMetadata metadata;
  const auto found = file.metadata().find(kKey);
  if (found == file.metadata().end()) return metadata;
  const std::string field = fmt::format("{}: {}", file.path().string(), kKey);
  const Json json = TRY(parse_json(found->second, field, kLimits));
  if (!json.is_object()) return invalid(field, "is not a JSON object");
  const auto wrong = [&](const std::string& key) {
    return invalid(field, fmt::format("'{}' has a wrong type", key));
  };
  // Longest first, so that no prefix hides another; a UNet saved alone has none.
  for (const char* prefix : {"text_encoder_2.", "text_encoder.", "unet.", ""}) {
    Component component{.prefix = flat_name(prefix)};
    const auto value = [&](const char* key) {
      const auto item = json.find(std::string(prefix) + key);
      return item == json.end() ? Json(nullptr) : *item;
    };
    if (const Json alpha = value("lora_alpha"); alpha.is_number())
      component.alpha = alpha.get<float>();
    else if (!alpha.is_null())
      return wrong("lora_alpha");
    else
      continue;
    if (const Json flag = value("use_rslora"); flag.is_boolean()) component.root_of_rank = flag.get<bool>();
    if (const Json flag = value("use_dora"); flag.is_boolean() && flag.get<bool>())
      return unsupported(field, "this is a DoRA, which is not supported");
    const Json pattern = value("alpha_pattern");
    if (pattern.is_object())
      for (const auto& [name, alpha] : pattern.items()) {
        if (!alpha.is_number()) return wrong("alpha_pattern");
        if (name.find_first_of("*+?^$|()[]{}\\") != name.npos)
          return unsupported(field, fmt::format("alpha_pattern '{}' is a regular expression", name));
        component.alphas[flat_name(name)] = alpha.get<float>();
      }
    metadata.components_.push_back(std::move(component));
  }
  return metadata;
}

const LoraMetadata::Component* LoraMetadata::component_of(std::string_view flat) const {
  for (const Component& component : components_)
    if (flat.starts_with(component.prefix)) return &component;
  return nullptr;
}

std::optional<float> LoraMetadata::alpha_of(std::string_view flat) const {
  const Component* component = component_of(flat);
  if (!component) return std::nullopt;
  // PEFT's rule: a pattern names a module or the end of its path.
  const std::string_view module = flat.substr(component->prefix.size());
  for (const auto& [name, alpha] : component->alphas)
    if (module == name || module.ends_with("_" + name)) return alpha;
  return component->alpha;
}

bool LoraMetadata::root_of_rank(std::string_view flat) const {
  const Component* component = component_of(flat);
  return component && component->root_of_rank;
}

}  // namespace limner
