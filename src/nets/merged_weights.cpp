#include "nets/merged_weights.h"

#include <fmt/format.h>

#include <set>

#include "nets/lora_delta.h"

namespace limner {
namespace {

Result<void> add_bias(const WeightChange& change, const Shape& shape, std::span<float> target) {
  const Weight difference =
      TRY(change.file->tensors().get(change.module->keys.at(LoraPart::diff_bias), shape));
  std::vector<float> values(target.size());
  convert_to_f32(difference.view.dtype, difference.view.data, values.size(), values.data());
  for (size_t i = 0; i < target.size(); ++i) target[i] += change.weight * values[i];
  return {};
}

Result<void> add_change(const WeightChange& change, std::string_view name, const Shape& shape,
                        std::span<float> target) {
  if (change.is_bias) return add_bias(change, shape, target);
  if (TRY(lora_extents(*change.file, *change.module)) != matrix_extents(shape))
    return invalid(change.file->tensors().path().string(),
                   fmt::format("the change '{}' does not have the shape {} of '{}'", change.module->name,
                               shape.text(), name),
                   "it is made for another family of models");
  return add_lora(*change.file, *change.module, change.weight, target);
}

class MergedWeights final : public WeightSource {
 public:
  MergedWeights(std::shared_ptr<const WeightSource> base, WeightChanges changes)
      : base_(std::move(base)), changes_(std::move(changes)) {
    for (const auto& [name, changes_of_name] : changes_)
      for (const WeightChange& change : changes_of_name) files_.insert(change.file.get());
  }

  bool has(std::string_view name) const override { return base_->has(name); }

  Result<Weight> get(std::string_view name, const Shape& expected) const override {
    Weight weight = TRY(base_->get(name, expected));
    const auto found = changes_.find(name);
    if (found == changes_.end()) return weight;
    auto merged = std::make_shared<std::vector<float>>(static_cast<size_t>(expected.count()));
    convert_to_f32(weight.view.dtype, weight.view.data, merged->size(), merged->data());
    for (const WeightChange& change : found->second) TRY(add_change(change, name, expected, *merged));
    const void* data = merged->data();
    return Weight{ConstTensorView(DType::f32, expected, data), std::move(merged)};
  }

  Result<Shape> shape_of(std::string_view name) const override { return base_->shape_of(name); }
  bool is_int8(std::string_view name) const override { return base_->is_int8(name); }
  std::vector<std::string> names() const override { return base_->names(); }

  void release_pages() const override {
    base_->release_pages();
    for (const LoraFile* file : files_) file->tensors().release_pages();
  }

 private:
  std::shared_ptr<const WeightSource> base_;
  WeightChanges changes_;
  std::set<const LoraFile*> files_;
};

}  // namespace

std::shared_ptr<const WeightSource> merged_weights(std::shared_ptr<const WeightSource> base,
                                                   WeightChanges changes) {
  if (changes.empty()) return base;
  return std::make_shared<MergedWeights>(std::move(base), std::move(changes));
}

}  // namespace limner
