#include "engine/vae_tiling.h"

#include <gtest/gtest.h>

#include <cmath>

namespace limner {
namespace {

float smooth(int y, int x) { return std::sin(0.1f * static_cast<float>(y)) + 0.01f * static_cast<float>(x); }

// A network that looks at single points only: its tiles fit together without a seam.
TiledPass pointwise(int height, int width, int factor) {
  TiledPass pass{.height = height, .width = width, .tile = 16, .numerator = factor, .channels = 1, .run = {}};
  pass.run = [factor](const TileArea& tile) -> Result<std::vector<float>> {
    std::vector<float> out;
    for (int y = 0; y < tile.height * factor; ++y)
      for (int x = 0; x < tile.width * factor; ++x)
        out.push_back(smooth(tile.top * factor + y, tile.left * factor + x));
    return out;
  };
  return pass;
}

TEST(VaeTiling, ShowsNoSeamWhereTilesAgree) {
  for (const auto& [height, width] : {std::pair{40, 40}, {16, 52}, {17, 31}, {28, 16}}) {
    const Result<std::vector<float>> out = run_tiled(pointwise(height, width, 2));
    ASSERT_TRUE(out) << out.error().text();
    ASSERT_EQ(out->size(), static_cast<size_t>(4 * height * width));
    for (int y = 0; y < 2 * height; ++y)
      for (int x = 0; x < 2 * width; ++x)
        EXPECT_NEAR((*out)[static_cast<size_t>(y * 2 * width + x)], smooth(y, x), 1e-6f) << y << ' ' << x;
  }
}

TEST(VaeTiling, OneTileIsTheWhole) {
  int runs = 0;
  TiledPass pass = pointwise(12, 12, 1);
  pass.run = [run = pass.run, &runs](const TileArea& tile) {
    ++runs;
    return run(tile);
  };
  ASSERT_TRUE(run_tiled(pass));
  EXPECT_EQ(runs, 1);
}

TEST(VaeTiling, TilesOverlapByAQuarter) {
  std::vector<int> lefts;
  TiledPass pass = pointwise(16, 40, 1);
  pass.run = [run = pass.run, &lefts](const TileArea& tile) {
    lefts.push_back(tile.left);
    EXPECT_LE(tile.width, 16);
    return run(tile);
  };
  ASSERT_TRUE(run_tiled(pass));
  // diffusers begins a tile every three quarters, though the last may have nothing new.
  EXPECT_EQ(lefts, (std::vector<int>{0, 12, 24, 36, 0, 12, 24, 36}));
}

TEST(VaeTiling, AnErrorOfATileIsTheErrorOfAll) {
  TiledPass pass = pointwise(40, 40, 1);
  pass.run = [](const TileArea&) -> Result<std::vector<float>> {
    return Error{Code::exhausted, "memory", "", ""};
  };
  EXPECT_EQ(run_tiled(pass).error().code, Code::exhausted);
}

}  // namespace
}  // namespace limner
