#include "nets/lora_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "nets/lora_metadata.h"

namespace limner {
namespace {

struct Suffix {
  std::string_view text;
  LoraPart part;
};

// The endings of all writers: kohya, diffusers before PEFT (three of them), PEFT, LyCORIS.
constexpr Suffix kSuffixes[] = {
    {".lora_down.weight", LoraPart::down}, {".lora.down.weight", LoraPart::down},
    {"_lora.down.weight", LoraPart::down}, {".lora_linear_layer.down.weight", LoraPart::down},
    {".lora_A.weight", LoraPart::down},    {".lora_A.default.weight", LoraPart::down},
    {".lora_up.weight", LoraPart::up},     {".lora.up.weight", LoraPart::up},
    {"_lora.up.weight", LoraPart::up},     {".lora_linear_layer.up.weight", LoraPart::up},
    {".lora_B.weight", LoraPart::up},      {".lora_B.default.weight", LoraPart::up},
    {".lora_mid.weight", LoraPart::mid},   {".alpha", LoraPart::alpha},
    {".hada_w1_a", LoraPart::hada_1a},     {".hada_w1_b", LoraPart::hada_1b},
    {".hada_t1", LoraPart::hada_1t},       {".hada_w2_a", LoraPart::hada_2a},
    {".hada_w2_b", LoraPart::hada_2b},     {".hada_t2", LoraPart::hada_2t},
    {".lokr_w1", LoraPart::lokr_1},        {".lokr_w1_a", LoraPart::lokr_1a},
    {".lokr_w1_b", LoraPart::lokr_1b},     {".lokr_w2", LoraPart::lokr_2},
    {".lokr_w2_a", LoraPart::lokr_2a},     {".lokr_w2_b", LoraPart::lokr_2b},
    {".lokr_t2", LoraPart::lokr_2t},       {".diff", LoraPart::diff},
    {".diff_b", LoraPart::diff_bias}};

// Left away, these would give another change than the file's, not a smaller one.
constexpr std::pair<std::string_view, const char*> kUnsupported[] = {
    {".dora_scale", "DoRA"},
    {".lora_magnitude_vector", "DoRA"},
    {".lora_magnitude_vector.weight", "DoRA"},
    {".lora_magnitude_vector.default.weight", "DoRA"},
    {".lora_B.bias", "LoRA with biases"},
    {".lora_B.default.bias", "LoRA with biases"}};

const Suffix* suffix_of(std::string_view key) {
  const auto found =
      std::ranges::find_if(kSuffixes, [&](const Suffix& suffix) { return key.ends_with(suffix.text); });
  return found == std::end(kSuffixes) ? nullptr : found;
}

Error damaged(const SafetensorsFile& file, const LoraModule& module, std::string_view what) {
  return invalid(file.path().string(), fmt::format("module '{}' {}", module.name, what));
}

// Which kind the parts make; nothing if they are no complete change.
std::optional<LoraKind> kind_of(const LoraModule& module) {
  const auto all = [&](std::initializer_list<LoraPart> parts) {
    return std::ranges::all_of(parts, [&](LoraPart part) { return module.has(part); });
  };
  if (all({LoraPart::down, LoraPart::up})) return LoraKind::low_rank;
  if (all({LoraPart::hada_1a, LoraPart::hada_1b, LoraPart::hada_2a, LoraPart::hada_2b}))
    return LoraKind::hadamard;
  const bool first = module.has(LoraPart::lokr_1) || all({LoraPart::lokr_1a, LoraPart::lokr_1b});
  const bool second = module.has(LoraPart::lokr_2) || all({LoraPart::lokr_2a, LoraPart::lokr_2b});
  if (first && second) return LoraKind::kronecker;
  if (module.has(LoraPart::diff) || module.has(LoraPart::diff_bias)) return LoraKind::difference;
  return std::nullopt;
}

Result<float> read_alpha(const SafetensorsFile& file, const std::string& key) {
  const Weight alpha = TRY(file.get(key, Shape{}));
  float value = 0;
  convert_to_f32(alpha.view.dtype, alpha.view.data, 1, &value);
  if (!std::isfinite(value))
    return invalid(file.path().string(), fmt::format("'{}' is not a finite number", key));
  return value;
}

Result<void> finish(const SafetensorsFile& file, const LoraMetadata& metadata, LoraModule& module) {
  const std::optional<LoraKind> kind = kind_of(module);
  if (!kind) return damaged(file, module, "lacks one of its parts");
  module.kind = *kind;
  const auto alpha = module.keys.find(LoraPart::alpha);
  if (alpha != module.keys.end()) {
    module.alpha = TRY(read_alpha(file, alpha->second));
  } else {
    module.alpha = metadata.alpha_of(module.flat);
    module.root_of_rank = metadata.root_of_rank(module.flat);
  }
  return {};
}

}  // namespace

std::string flat_name(std::string_view name) {
  std::string flat(name);
  std::ranges::replace(flat, '.', '_');
  return flat;
}

Result<std::shared_ptr<const LoraFile>> LoraFile::make(std::shared_ptr<const SafetensorsFile> tensors) {
  const std::string field = tensors->path().string();
  const LoraMetadata metadata = TRY(LoraMetadata::read(*tensors));
  std::map<std::string, LoraModule> modules;
  std::shared_ptr<LoraFile> file(new LoraFile);
  for (std::string& key : tensors->names()) {
    for (const auto& [suffix, what] : kUnsupported)
      if (key.ends_with(suffix))
        return unsupported(field, fmt::format("'{}' makes this a {}, which is not supported", key, what));
    const Suffix* suffix = suffix_of(key);
    if (!suffix) {
      file->others_.push_back(std::move(key));
      continue;
    }
    const std::string name = key.substr(0, key.size() - suffix->text.size());
    LoraModule& module = modules[flat_name(name)];
    module.name = name;
    if (!module.keys.emplace(suffix->part, key).second)
      return damaged(*tensors, module, "has one of its parts twice");
  }
  for (auto& [flat, module] : modules) {
    module.flat = flat;
    // An alpha alone changes nothing: some writers leave those of modules they trained no change for.
    if (module.keys.size() == 1 && module.has(LoraPart::alpha)) continue;
    TRY(finish(*tensors, metadata, module));
    file->modules_.push_back(std::move(module));
  }
  if (file->modules_.empty())
    return invalid(field, "is no LoRA: none of its tensors is part of a change",
                   "give a LoRA, LoCon, LoHa or LoKr file");
  file->tensors_ = std::move(tensors);
  return std::shared_ptr<const LoraFile>(std::move(file));
}

}  // namespace limner
