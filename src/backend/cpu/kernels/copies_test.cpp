#include "backend/cpu/kernels/copies.h"

#include <numeric>

#include "backend/cpu/kernels/test_data.h"

namespace limner::cpu {
namespace {

std::vector<uint16_t> counted(int64_t count) {
  std::vector<uint16_t> values(static_cast<size_t>(count));
  std::iota(values.begin(), values.end(), uint16_t{1});
  return values;
}

TEST(CopiesTest, RowsMakeConcatenationAndSlice) {
  const std::vector<uint16_t> x = counted(3 * 2), y = counted(3 * 3);
  std::vector<uint16_t> both(3 * 5);
  copy_rows(x.data(), 4, both.data(), 10, 4, 3);
  copy_rows(y.data(), 6, both.data() + 2, 10, 6, 3);
  EXPECT_EQ(both, (std::vector<uint16_t>{1, 2, 1, 2, 3, 3, 4, 4, 5, 6, 5, 6, 7, 8, 9}));
  std::vector<uint16_t> middle(3 * 2);
  copy_rows(both.data() + 1, 10, middle.data(), 4, 4, 3);
  EXPECT_EQ(middle, (std::vector<uint16_t>{2, 1, 4, 4, 6, 7}));
}

TEST(CopiesTest, PaddingIsZeroOrComesAround) {
  const std::vector<uint16_t> x = counted(2 * 3);  // 1 2 3 / 4 5 6
  std::vector<uint16_t> out(4 * 5);
  const Pictures shape{1, 2, 3, sizeof(uint16_t)};
  pad_pictures(shape, {1, 1, 1, 1, true, true}, x.data(), out.data());
  EXPECT_EQ(out, (std::vector<uint16_t>{6, 4, 5, 6, 4, 3, 1, 2, 3, 1, 6, 4, 5, 6, 4, 3, 1, 2, 3, 1}));
  pad_pictures(shape, {1, 1, 1, 1, true, false}, x.data(), out.data());
  EXPECT_EQ(out, (std::vector<uint16_t>{0, 0, 0, 0, 0, 3, 1, 2, 3, 1, 6, 4, 5, 6, 4, 0, 0, 0, 0, 0}));
  pad_pictures(shape, {1, 1, 1, 1, false, true}, x.data(), out.data());
  EXPECT_EQ(out, (std::vector<uint16_t>{0, 4, 5, 6, 0, 0, 1, 2, 3, 0, 0, 4, 5, 6, 0, 0, 1, 2, 3, 0}));
  out.resize(3 * 4);
  pad_pictures(shape, {0, 0, 1, 1, false, false}, x.data(), out.data());
  EXPECT_EQ(out, (std::vector<uint16_t>{1, 2, 3, 0, 4, 5, 6, 0, 0, 0, 0, 0}));
}

TEST(CopiesTest, PaddingKeepsPicturesApart) {
  const std::vector<uint16_t> x = counted(2 * 2);  // two pictures of 2 x 1 pixels
  std::vector<uint16_t> out(2 * 4);
  pad_pictures({2, 2, 1, sizeof(uint16_t)}, {1, 0, 1, 0, false, true}, x.data(), out.data());
  EXPECT_EQ(out, (std::vector<uint16_t>{2, 1, 2, 1, 4, 3, 4, 3}));
}

TEST(CopiesTest, UpsamplingTakesTheFlooredSource) {
  const std::vector<uint16_t> x = counted(2 * 2 * 3);  // two pictures of 2 x 3
  std::vector<uint16_t> out(2 * 3 * 7);
  upsample_nearest({2, 2, 3, sizeof(uint16_t)}, 3, 7, x.data(), out.data());
  for (int64_t i = 0; i < static_cast<int64_t>(out.size()); ++i) {
    const int64_t picture = i / 21, row = i / 7 % 3, column = i % 7;
    EXPECT_EQ(out[static_cast<size_t>(i)],
              x[static_cast<size_t>((picture * 2 + row * 2 / 3) * 3 + column * 3 / 7)]);
  }
}

TEST(CopiesTest, ShuffleMovesChannelsIntoPixels) {
  const std::vector<uint16_t> x = {1, 2, 3, 4, 11, 12, 13, 14};  // one pixel, two channels of 2 x 2
  std::vector<uint16_t> out(8), back(8);
  pixel_shuffle(1, 1, 1, 2, 2, sizeof(uint16_t), x.data(), out.data());
  EXPECT_EQ(out, (std::vector<uint16_t>{1, 11, 2, 12, 3, 13, 4, 14}));
  pixel_unshuffle(1, 1, 1, 2, 2, sizeof(uint16_t), out.data(), back.data());
  EXPECT_EQ(back, x);
}

TEST(CopiesTest, UnshuffleUndoesShuffle) {
  std::vector<uint32_t> x(2 * 3 * 5 * 7 * 9), out(x.size()), back(x.size());
  std::iota(x.begin(), x.end(), 0u);
  pixel_shuffle(2, 3, 5, 7, 3, sizeof(uint32_t), x.data(), out.data());
  pixel_unshuffle(2, 3, 5, 7, 3, sizeof(uint32_t), out.data(), back.data());
  EXPECT_NE(out, x);
  EXPECT_EQ(back, x);
}

TEST(CopiesTest, RowsAreTakenByNumber) {
  const std::vector<uint16_t> table = counted(4 * 2);
  const std::vector<int32_t> ids = {3, 0, 3};
  std::vector<uint16_t> out(6), picked(4);
  gather_rows(table.data(), 4, ids, out.data());
  EXPECT_EQ(out, (std::vector<uint16_t>{7, 8, 1, 2, 7, 8}));
  const std::vector<int32_t> rows = {1, 0};  // two pictures of two tokens
  take_row(table.data(), 2, 4, rows, picked.data());
  EXPECT_EQ(picked, (std::vector<uint16_t>{3, 4, 5, 6}));
}

TEST(CopiesTest, SinusoidsAreThoseOfTheTimestepEmbedding) {
  op::SinusoidEmbedding op;
  op.width = 7;
  op.flip_sin_to_cos = true;
  op.shift = 1;
  const float x[] = {0, 981};
  std::vector<float> out(14);
  sinusoid_embedding(op, x, out.data());
  EXPECT_EQ(std::vector<float>(out.begin(), out.begin() + 7), (std::vector<float>{1, 1, 1, 0, 0, 0, 0}));
  for (int i = 0; i < 3; ++i) {  // frequencies 1, 1/100, 1/10000
    const double angle = 981 * std::pow(10000.0, -i / 2.0);
    EXPECT_NEAR(out[static_cast<size_t>(7 + i)], std::cos(angle), 1e-4);
    EXPECT_NEAR(out[static_cast<size_t>(10 + i)], std::sin(angle), 1e-4);
  }
  EXPECT_EQ(out[13], 0);
}

}  // namespace
}  // namespace limner::cpu
