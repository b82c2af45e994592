// The adapters of weight_adapters.h that change names.

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "tensor/weight_adapters.h"
#include "tensor/weight_errors.h"

namespace limner {
namespace {

bool is_third(Take take) {
  return take == Take::first_third || take == Take::second_third || take == Take::last_third;
}

Shape reversed(const Shape& shape) { return Shape{shape[1], shape[0]}; }

// The shape of a tensor made by `take` from one of `stored`, if it can be.
std::optional<Shape> shape_after(Take take, Shape stored) {
  if (is_third(take)) {
    if (stored.rank() == 0 || stored[0] % 3 != 0) return std::nullopt;
    stored[0] /= 3;
    return stored;
  }
  if (take != Take::transposed) return stored;
  if (stored.rank() != 2) return std::nullopt;
  return reversed(stored);
}

// What the base must hold for `expected` to come out.
std::optional<Shape> shape_before(Take take, Shape expected) {
  if (is_third(take)) {
    if (expected.rank() == 0) return std::nullopt;
    expected[0] *= 3;
    return expected;
  }
  if (take != Take::transposed) return expected;
  if (expected.rank() != 2) return std::nullopt;
  return reversed(expected);
}

Weight third_of(Weight whole, Take take, const Shape& shape) {
  const size_t index = static_cast<size_t>(take) - static_cast<size_t>(Take::first_third);
  const size_t bytes = whole.view.bytes() / 3;
  const auto* data = static_cast<const std::byte*>(whole.view.data) + index * bytes;
  return Weight{ConstTensorView(whole.view.dtype, shape, data), std::move(whole.keep)};
}

Weight transposed(const Weight& matrix, const Shape& shape) {
  const size_t element = dtype_bytes(matrix.view.dtype);
  const size_t rows = static_cast<size_t>(shape[0]), columns = static_cast<size_t>(shape[1]);
  auto memory = std::make_shared<std::vector<std::byte>>(rows * columns * element);
  const auto* from = static_cast<const std::byte*>(matrix.view.data);
  for (size_t r = 0; r < rows; ++r)
    for (size_t c = 0; c < columns; ++c)
      std::memcpy(memory->data() + (r * columns + c) * element, from + (c * rows + r) * element, element);
  const void* data = memory->data();
  return Weight{ConstTensorView(matrix.view.dtype, shape, data), std::move(memory)};
}

class RenamedWeights final : public WeightSource {
 public:
  RenamedWeights(std::shared_ptr<const WeightSource> base, WeightNames names)
      : base_(std::move(base)), names_(std::move(names)) {}

  bool has(std::string_view name) const override {
    const auto found = names_.find(name);
    return found != names_.end() && base_->has(found->second.name);
  }

  Result<Weight> get(std::string_view name, const Shape& expected) const override {
    const auto found = names_.find(name);
    if (found == names_.end()) return unknown(name);
    const auto& [origin, take] = found->second;
    const std::optional<Shape> whole = shape_before(take, expected);
    if (!whole) return wrong_weight_shape("", name, TRY(base_->shape_of(origin)), expected);
    Weight weight = TRY(base_->get(origin, *whole));
    if (is_third(take)) return third_of(std::move(weight), take, expected);
    if (take == Take::transposed) return transposed(weight, expected);
    return weight;
  }

  Result<Shape> shape_of(std::string_view name) const override {
    const auto found = names_.find(name);
    if (found == names_.end()) return unknown(name);
    const Shape stored = TRY(base_->shape_of(found->second.name));
    const std::optional<Shape> shape = shape_after(found->second.take, stored);
    if (!shape)
      return invalid("", fmt::format("tensor '{}' is {}, of which '{}' cannot be made", found->second.name,
                                     stored.text(), name));
    return *shape;
  }

  bool is_int8(std::string_view name) const override {
    const auto found = names_.find(name);
    return found != names_.end() && base_->is_int8(found->second.name);
  }

  std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, origin] : names_)
      if (base_->has(origin.name)) names.push_back(name);
    return names;
  }

  void release_pages() const override { base_->release_pages(); }

 private:
  // The base's own words name its file. It may have a tensor of this name, which this view hides.
  Error unknown(std::string_view name) const {
    Result<Shape> shape = base_->shape_of(name);
    return shape ? missing_weight("", name) : shape.error();
  }

  std::shared_ptr<const WeightSource> base_;
  WeightNames names_;
};

}  // namespace

std::shared_ptr<const WeightSource> renamed_weights(std::shared_ptr<const WeightSource> base,
                                                    WeightNames names) {
  return std::make_shared<RenamedWeights>(std::move(base), std::move(names));
}

std::shared_ptr<const WeightSource> weights_below(std::shared_ptr<const WeightSource> base,
                                                  const std::string& prefix) {
  WeightNames names;
  for (std::string& name : base->names())
    if (name.starts_with(prefix)) names[name.substr(prefix.size())] = {name};
  return renamed_weights(std::move(base), std::move(names));
}

std::shared_ptr<const WeightSource> weights_prefixed(std::shared_ptr<const WeightSource> base,
                                                     const std::string& prefix) {
  WeightNames names;
  for (std::string& name : base->names()) names[prefix + name] = {name};
  return renamed_weights(std::move(base), std::move(names));
}

}  // namespace limner
