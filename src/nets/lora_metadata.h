#pragma once
// What PEFT's writer says of a LoRA outside its tensors. Internal to lora_file.cpp.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tensor/safetensors.h"

namespace limner {

/// The "lora_adapter_metadata" of a file that diffusers saved: PEFT's LoraConfig of each component, which
/// holds the alphas that other writers keep as tensors. A file without it has none.
class LoraMetadata {
 public:
  static Result<LoraMetadata> read(const SafetensorsFile& file);
  /// The alpha of the module of this flat name ("unet_mid_block_..."), if it is said.
  std::optional<float> alpha_of(std::string_view flat) const;
  bool root_of_rank(std::string_view flat) const;

 private:
  struct Component {
    std::string prefix;  ///< "unet_", or nothing
    float alpha = 0;
    bool root_of_rank = false;
    std::map<std::string, float> alphas;  ///< of modules whose flat name ends so
  };
  const Component* component_of(std::string_view flat) const;
  std::vector<Component> components_;
};

}  // namespace limner
