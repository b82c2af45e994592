// Whoever asks for ever new sizes does not make a model hold ever more.

#include <gtest/gtest.h>

#include "engine/drawing.h"
#include "engine/limner_tiny_drawings_test.h"
#include "engine/model.h"

namespace limner {
namespace {

DrawingParams wide(int width) {
  DrawingParams params = small_brief("euler", 2);
  params.width = width;
  return params;
}

TEST(KeptShapes, AreAsManyAsAreKeptHoweverManyAreAskedFor) {
  const ModelPtr model = load_tiny();
  const DrawingPtr waiting = opened(*model, wide(64));
  take_steps(*waiting, 1);
  const std::vector<uint8_t> before = pixels_of_the_rest(*opened(*model, wide(72)));
  size_t most = 0;
  for (int width = 80; width < 80 + 30 * 8; width += 8) {
    pixels_of_the_rest(*opened(*model, wide(width)));
    most = std::max(most, model->batches());
  }
  EXPECT_GT(most, 16u) << "sizes that take turns are kept";
  EXPECT_LT(most, 30u);
  EXPECT_EQ(pixels_of_the_rest(*opened(*model, wide(72))), before) << "dropped and made again";
  EXPECT_EQ(pixels_of_the_rest(*waiting), pixels_of_the_rest(*opened(*model, wide(64))))
      << "begun before its shape was dropped";
}

TEST(KeptShapes, GiveBackTheWorkspaceOfALargePicture) {
  const ModelPtr model = load_tiny();
  DrawingParams large = wide(512);
  large.height = 512;
  pixels_of_the_rest(*opened(*model, large));
  const size_t after_large = model->workspace().bytes();
  for (int width = 64; width < 64 + 30 * 8; width += 8) take_steps(*opened(*model, wide(width)), 1);
  EXPECT_LT(model->workspace().bytes(), after_large / 2);
}

}  // namespace
}  // namespace limner
