// with_extra_rows of weight_adapters.h.

#include <fmt/format.h>

#include <algorithm>

#include "tensor/weight_adapters.h"
#include "tensor/weight_errors.h"

namespace limner {
namespace {

class ExtendedRows final : public WeightSource {
 public:
  ExtendedRows(std::shared_ptr<const WeightSource> base, std::string name, Shape stored,
               std::vector<float> rows)
      : base_(std::move(base)), name_(std::move(name)), stored_(stored), rows_(std::move(rows)) {}

  bool has(std::string_view name) const override { return base_->has(name); }

  Result<Weight> get(std::string_view name, const Shape& expected) const override {
    if (name != name_) return base_->get(name, expected);
    if (!same_but_trailing_ones(shape(), expected)) return wrong_weight_shape("", name, shape(), expected);
    const Weight table = TRY(base_->get(name_, stored_));
    auto values = std::make_shared<std::vector<float>>(static_cast<size_t>(shape().count()));
    const size_t stored_count = static_cast<size_t>(stored_.count());
    convert_to_f32(table.view.dtype, table.view.data, stored_count, values->data());
    std::ranges::copy(rows_, values->data() + stored_count);
    const void* data = values->data();
    return Weight{ConstTensorView(DType::f32, expected, data), std::move(values)};
  }

  Result<Shape> shape_of(std::string_view name) const override {
    if (name == name_) return shape();
    return base_->shape_of(name);
  }

  std::vector<std::string> names() const override { return base_->names(); }
  void release_pages() const override { base_->release_pages(); }

 private:
  Shape shape() const {
    return Shape{stored_[0] + static_cast<int64_t>(rows_.size()) / stored_[1], stored_[1]};
  }

  std::shared_ptr<const WeightSource> base_;
  std::string name_;
  Shape stored_;
  std::vector<float> rows_;
};

}  // namespace

Result<std::shared_ptr<const WeightSource>> with_extra_rows(std::shared_ptr<const WeightSource> base,
                                                            std::string name, std::vector<float> rows,
                                                            int64_t width) {
  const Shape stored = TRY(base->shape_of(name));
  if (stored.rank() != 2 || stored[1] == 0)
    return invalid("", fmt::format("tensor '{}' is {}, not a matrix", name, stored.text()));
  if (width != stored[1] || static_cast<int64_t>(rows.size()) % width != 0)
    return invalid("", fmt::format("{} numbers in rows of {} do not fit tensor '{}', whose rows have {}",
                                   rows.size(), width, name, stored[1]));
  return std::shared_ptr<const WeightSource>(
      std::make_shared<ExtendedRows>(std::move(base), std::move(name), stored, std::move(rows)));
}

}  // namespace limner
