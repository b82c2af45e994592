#include "families/textual_inversion.h"

#include <gtest/gtest.h>

#include "tensor/safetensors_fixture.h"

namespace limner {
namespace {

class TextualInversionTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  Result<TextualInversion> read(const SafetensorsFixture& fixture) {
    fixture.write(path_);
    return read_textual_inversion(path_);
  }
  std::filesystem::path path_ = std::filesystem::path(testing::TempDir()) / "limner-cat.safetensors";
};

TEST_F(TextualInversionTest, NamedTensorIsTheToken) {
  const TextualInversion one = read(SafetensorsFixture().add("<cat>", {3}, {1, 2, 3})).value();
  EXPECT_EQ(one.token, "<cat>");
  EXPECT_EQ(one.encoders[0].count, 1);
  EXPECT_EQ(one.for_width(3, 0)->values, (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(one.for_width(4, 0), nullptr);
}

TEST_F(TextualInversionTest, FormatsWithoutTokenTakeTheFilesName) {
  const TextualInversion several = read(SafetensorsFixture().add_ramp("emb_params", {2, 3})).value();
  EXPECT_EQ(several.token, "limner-cat");
  EXPECT_EQ(several.encoders[0].count, 2);
  const TextualInversion xl =
      read(SafetensorsFixture().add_ramp("clip_l", {2, 3}).add_ramp("clip_g", {2, 5})).value();
  EXPECT_EQ(xl.token, "limner-cat");
  EXPECT_EQ(xl.for_width(3, 0), &xl.encoders[0]);
  EXPECT_EQ(xl.for_width(5, 1), &xl.encoders[1]);
  EXPECT_EQ(xl.for_width(5, 0), &xl.encoders[1]);  // the refiner's only encoder
}

TEST_F(TextualInversionTest, OtherFilesAreRefused) {
  EXPECT_FALSE(read(SafetensorsFixture()));
  EXPECT_FALSE(read(SafetensorsFixture().add_ramp("a", {3}).add_ramp("b", {3})));
  EXPECT_FALSE(read(SafetensorsFixture().add_ramp("a", {76, 1})));
  EXPECT_FALSE(read(SafetensorsFixture().add_ramp("a", {0, 3})));
  EXPECT_FALSE(read(SafetensorsFixture().add_ramp("a", {1, 2, 3})));
  std::ofstream(path_) << "PK\x03\x04";
  EXPECT_EQ(read_textual_inversion(path_).error().code, Code::unsupported);
}

}  // namespace
}  // namespace limner
