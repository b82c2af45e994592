#include "nets/lora_names.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "nets/ldm_names.h"

namespace limner {
namespace {

constexpr std::string_view kWeight = ".weight";

class Names {
 public:
  LoraNames table;

  void add(std::initializer_list<std::string_view> prefixes, std::string_view written,
           const std::string& module) {
    const std::string flat = flat_name(written);
    for (const std::string_view prefix : prefixes) table.emplace(std::string(prefix) + flat, module);
  }
};

std::vector<std::string> modules_of(const WeightSource& base) {
  std::vector<std::string> modules;
  for (const std::string& name : base.names())
    if (name.ends_with(kWeight)) modules.push_back(name.substr(0, name.size() - kWeight.size()));
  return modules;
}

struct Leaf {
  std::string_view module, written;
};

// Before PEFT diffusers put LoRA into attention processors, with names of their own for the four maps.
constexpr Leaf kProcessorLeaves[] = {{".to_q", ".processor.to_q"},
                                     {".to_k", ".processor.to_k"},
                                     {".to_v", ".processor.to_v"},
                                     {".to_out.0", ".processor.to_out"}};
constexpr Leaf kTextLeaves[] = {
    {".q_proj", ".to_q"}, {".k_proj", ".to_k"}, {".v_proj", ".to_v"}, {".out_proj", ".to_out"}};

void add_leaf(Names& names, std::span<const Leaf> leaves, std::initializer_list<std::string_view> prefixes,
              const std::string& module) {
  for (const Leaf& leaf : leaves)
    if (module.ends_with(leaf.module))
      names.add(prefixes, module.substr(0, module.size() - leaf.module.size()) + std::string(leaf.written),
                module);
}

// kohya's SDXL trainer works on the LDM network. A base that is no whole UNet has no such names.
void add_ldm_names(Names& names, const WeightSource& base) {
  const Result<UnetLayout> layout = unet_layout_of_diffusers(base);
  if (!layout) return;
  for (const ModuleNames& module : unet_module_names(*layout))
    if (base.has(module.diffusers + std::string(kWeight)))
      names.add({"lora_unet_", "diffusion_model_"}, module.ldm, module.diffusers);
}

void add_unet(Names& names, const WeightSource& base) {
  for (const std::string& module : modules_of(base)) {
    names.add({"lora_unet_", "unet_", "base_model_model_", ""}, module, module);
    add_leaf(names, kProcessorLeaves, {"unet_", ""}, module);
  }
  add_ldm_names(names, base);
}

}  // namespace

LoraNames lora_names(const WeightSource& base, LoraTarget target) {
  Names names;
  if (target == LoraTarget::unet) {
    add_unet(names, base);
    return std::move(names.table);
  }
  for (const std::string& module : modules_of(base)) {
    if (target == LoraTarget::text_encoder) {
      names.add({"lora_te_", "lora_te1_", "text_encoder_"}, module, module);
      add_leaf(names, kTextLeaves, {"text_encoder_"}, module);
    } else {
      names.add({"lora_te2_", "text_encoder_2_"}, module, module);
      add_leaf(names, kTextLeaves, {"text_encoder_2_"}, module);
    }
  }
  return std::move(names.table);
}

}  // namespace limner
