#include "tensor/weight_adapters.h"

#include <gtest/gtest.h>

#include "tensor/safetensors_fixture.h"

namespace limner {
namespace {

TEST(WeightAdapters, RenameHidesTheRestAndDropsWhatIsAbsent) {
  const auto base = SafetensorsFixture().add("old", {1}, {7}).add("other", {1}, {8}).open();
  const auto source = renamed_weights(base, {{"new", {"old"}}, {"never", {"absent"}}});
  EXPECT_EQ(source->names(), std::vector<std::string>{"new"});
  EXPECT_FALSE(source->has("old"));
  EXPECT_EQ(values_of(*source, "new", {1}), std::vector<float>{7});
  EXPECT_EQ(source->get("other", {1}).error().code, Code::not_found);
}

TEST(WeightAdapters, TakesThirdsAndTransposes) {
  const auto base =
      SafetensorsFixture().add_ramp("qkv", {6, 2}).add_ramp("m", {2, 3}).add_ramp("odd", {4}).open();
  const auto source = renamed_weights(base, {{"q", {"qkv", Take::first_third}},
                                             {"k", {"qkv", Take::second_third}},
                                             {"v", {"qkv", Take::last_third}},
                                             {"t", {"m", Take::transposed}},
                                             {"bad", {"odd", Take::first_third}}});
  EXPECT_EQ(values_of(*source, "q", {2, 2}), (std::vector<float>{0, 1, 2, 3}));
  EXPECT_EQ(values_of(*source, "k", {2, 2}), (std::vector<float>{4, 5, 6, 7}));
  EXPECT_EQ(values_of(*source, "v", {2, 2}), (std::vector<float>{8, 9, 10, 11}));
  EXPECT_EQ(values_of(*source, "t", {3, 2}), (std::vector<float>{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(source->shape_of("t").value(), (Shape{3, 2}));
  EXPECT_EQ(source->shape_of("q").value(), (Shape{2, 2}));
  EXPECT_FALSE(source->shape_of("bad"));
  EXPECT_FALSE(source->get("bad", {1}));
  EXPECT_FALSE(source->get("t", {6}));
}

TEST(WeightAdapters, PrefixesComeAndGo) {
  const auto base = SafetensorsFixture().add("a.w", {1}, {1}).add("b.w", {1}, {2}).open();
  EXPECT_EQ(weights_below(base, "a.")->names(), std::vector<std::string>{"w"});
  EXPECT_EQ(weights_prefixed(base, "x.")->names(), (std::vector<std::string>{"x.a.w", "x.b.w"}));
}

TEST(WeightAdapters, AddsRows) {
  const auto base = SafetensorsFixture().add_ramp("table", {2, 2}).add("w", {1}, {1}).open();
  const auto source = with_extra_rows(base, "table", {9, 8}, 2).value();
  EXPECT_EQ(source->shape_of("table").value(), (Shape{3, 2}));
  EXPECT_EQ(values_of(*source, "table", {3, 2}), (std::vector<float>{0, 1, 2, 3, 9, 8}));
  EXPECT_FALSE(source->get("table", {2, 2}));
  EXPECT_EQ(values_of(*source, "w", {1}), std::vector<float>{1});
  EXPECT_FALSE(with_extra_rows(base, "table", {9}, 2));
  EXPECT_FALSE(with_extra_rows(base, "w", {9}, 1));
}

}  // namespace
}  // namespace limner
