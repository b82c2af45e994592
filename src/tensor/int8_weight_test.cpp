#include "tensor/int8_weight.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "tensor/safetensors_fixture.h"
#include "tensor/safetensors_writer.h"

namespace limner {
namespace {

template <class T>
NamedTensor named(const std::string& name, DType dtype, const Shape& shape, std::vector<T> values) {
  auto kept = std::make_shared<const std::vector<T>>(std::move(values));
  return {name, Weight{ConstTensorView(dtype, shape, kept->data()), kept}};
}

std::shared_ptr<const SafetensorsFile> written(std::vector<NamedTensor> tensors) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "int8_weight.safetensors";
  EXPECT_TRUE(write_safetensors(path, {{"format", "pt"}}, std::move(tensors)).has_value());
  return open_safetensors(path).value();
}

std::string error_with_scales(DType dtype, const Shape& shape, std::vector<float> scales) {
  const auto file = written({named<int8_t>("w", DType::i8, {2, 3}, {1, 2, 3, 4, 5, 6}),
                             named<float>("w_scale", dtype, shape, std::move(scales))});
  const Result<Weight> weight = file->get("w", {2, 3});
  return weight ? "accepted" : weight.error().text();
}

TEST(Int8Weight, IsWithinHalfACodeAndQuantisesToItself) {
  std::vector<float> values(7 * 50);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] =
        static_cast<float>(std::sin(1.0 + 1.7 * static_cast<double>(i)) * 0.01 * static_cast<double>(i));
  const Int8Rows rows = quantize_rows(values, 7);
  const std::vector<float> back = dequantize_rows(rows.codes, rows.scales, "w").value();
  for (size_t i = 0; i < values.size(); ++i)
    EXPECT_LE(std::abs(back[i] - values[i]), 0.5001f * rows.scales[i / 50]) << i;
  EXPECT_EQ(quantize_rows(back, 7).codes, rows.codes) << "what a backend makes of it";
}

TEST(Int8Weight, ZerosAreZero) {
  const Int8Rows rows = quantize_rows(std::vector<float>{0, 0, 1e-38f, -1e-38f}, 2);
  EXPECT_EQ(rows.codes, (std::vector<int8_t>{0, 0, 0, 0}));
  EXPECT_EQ(rows.scales, (std::vector<float>{0, 0}));
}

TEST(Int8Weight, IsReadAsItsValues) {
  const auto file =
      written({named<int8_t>("w", DType::i8, {2, 3}, {1, -2, 3, 127, 0, -127}),
               named<float>("w_scale", DType::f32, {2}, {0.5f, 2}), named<float>("b", DType::f32, {1}, {4})});
  EXPECT_EQ(file->names(), (std::vector<std::string>{"b", "w"})) << "scales are no weights";
  EXPECT_TRUE(file->is_int8("w"));
  EXPECT_FALSE(file->is_int8("b"));
  EXPECT_FALSE(file->is_int8("nothing"));
  EXPECT_EQ(values_of(*file, "w", {2, 3}), (std::vector<float>{0.5f, -1, 1.5f, 254, 0, -254}));
  EXPECT_EQ(values_of(*file, "w", {2, 3, 1, 1}), values_of(*file, "w", {2, 3}));
  EXPECT_EQ(values_of(*file, "b", {1}), (std::vector<float>{4}));
}

TEST(Int8Weight, ScalesThatDoNotFitAreNamed) {
  EXPECT_EQ(error_with_scales(DType::f32, {2}, {1, 0}), "accepted");
  EXPECT_NE(error_with_scales(DType::f32, {3}, {1, 1, 1}).find("w_scale"), std::string::npos);
  EXPECT_NE(error_with_scales(DType::f32, {2, 1}, {1, 1}).find("[2, 1]"), std::string::npos);
  EXPECT_NE(error_with_scales(DType::i32, {2}, {1, 1}).find("I32"), std::string::npos);
  for (const float bad :
       {-1.0f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()})
    EXPECT_NE(error_with_scales(DType::f32, {2}, {1, bad}).find("finite"), std::string::npos) << bad;
}

TEST(Int8Weight, CodesWithoutScalesAreNoWeight) {
  const auto file = written({named<int8_t>("w", DType::i8, {1, 2}, {1, 2})});
  EXPECT_FALSE(file->is_int8("w"));
  EXPECT_EQ(file->get("w", {1, 2}).error().code, Code::unsupported);
}

}  // namespace
}  // namespace limner
