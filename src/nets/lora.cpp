#include "nets/lora.h"

#include <fmt/format.h>

#include "nets/lora_delta.h"
#include "nets/lora_names.h"
#include "nets/merged_weights.h"

namespace limner {
namespace {

// A change of weight or bias must have as many rows and columns as what it changes.
Result<void> check_fits(const LoraFile& file, const LoraModule& module, const WeightSource& base,
                        const std::string& name) {
  const std::string weight = name + ".weight", bias = name + ".bias";
  const auto misfit = [&](const std::string& changed, const Shape& stored) {
    return invalid(file.tensors().path().string(),
                   fmt::format("the change '{}' does not have the shape {} of '{}'", module.name,
                               stored.text(), changed),
                   "it is made for another family of models");
  };
  if (module.kind != LoraKind::difference || module.has(LoraPart::diff)) {
    const Shape stored = TRY(base.shape_of(weight));
    if (TRY(lora_extents(file, module)) != matrix_extents(stored)) return misfit(weight, stored);
  }
  if (module.has(LoraPart::diff_bias)) {
    const Shape stored = TRY(base.shape_of(bias));
    if (TRY(file.tensors().shape_of(module.keys.at(LoraPart::diff_bias))) != stored)
      return misfit(bias, stored);
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const LoraFile>> open_lora(const std::filesystem::path& path) {
  return LoraFile::make(TRY(open_safetensors(path)));
}

Result<LoraMatch> match_lora(const LoraFile& file, std::span<const LoraBase> bases) {
  std::vector<LoraNames> tables;
  for (const LoraBase& base : bases) tables.push_back(lora_names(*base.weights, base.target));
  LoraMatch match{.unmatched = file.others()};
  for (const LoraModule& module : file.modules()) {
    bool found = false;
    for (size_t i = 0; i < bases.size() && !found; ++i) {
      const auto place = tables[i].find(module.flat);
      if (place == tables[i].end()) continue;
      TRY(check_fits(file, module, *bases[i].weights, place->second));
      found = true;
    }
    if (found)
      ++match.matched;
    else
      match.unmatched.push_back(module.name);
  }
  return match;
}

std::shared_ptr<const WeightSource> with_loras(std::shared_ptr<const WeightSource> base, LoraTarget target,
                                               std::vector<LoraUse> uses) {
  const LoraNames names = lora_names(*base, target);
  WeightChanges changes;
  for (const LoraUse& use : uses)
    for (const LoraModule& module : use.file->modules()) {
      const auto place = names.find(module.flat);
      if (place == names.end()) continue;
      if (module.kind != LoraKind::difference || module.has(LoraPart::diff))
        changes[place->second + ".weight"].push_back({use.file, &module, use.weight, false});
      if (module.has(LoraPart::diff_bias))
        changes[place->second + ".bias"].push_back({use.file, &module, use.weight, true});
    }
  return merged_weights(std::move(base), std::move(changes));
}

}  // namespace limner
