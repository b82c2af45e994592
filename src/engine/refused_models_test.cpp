// Models whose files can be read, and which no picture can be drawn with: refused before anything is drawn.

#include "engine/limner_tiny_drawings_test.h"

namespace limner {
namespace {

TEST(RefusedModels, AUnetThatWantsAClass) {
  const Result<ModelCard> card = describe(tiny_with("unet", "num_class_embeds", 10), {.dtype = "f32"});
  ASSERT_FALSE(card);
  EXPECT_EQ(card.error().code, Code::unsupported);
  EXPECT_NE(card.error().message.find("classes"), std::string::npos);
}

TEST(RefusedModels, AnAutoencoderOfOtherThanColours) {
  for (const char* key : {"in_channels", "out_channels"}) {
    const Result<ModelCard> card = describe(tiny_with("vae", key, 4), {.dtype = "f32"});
    ASSERT_FALSE(card) << key;
    EXPECT_EQ(card.error().code, Code::unsupported) << key;
    EXPECT_NE(card.error().message.find("3 channels"), std::string::npos) << card.error().message;
  }
}

TEST(RefusedModels, ALayerThatWouldWrapATileAroundTwice) {
  for (const char* key : {"conv_in_kernel", "conv_out_kernel"}) {
    const Result<ModelCard> card = describe(tiny_with("unet", key, 7), {.dtype = "f32", .threads = 1});
    ASSERT_TRUE(card) << card.error().text();
    DrawingParams params = small_brief("euler");
    params.width = 16;
    params.tile = "x";
    const Result<DrawingCost> refused = predict_cost(*card, params, {});
    ASSERT_FALSE(refused) << key;
    EXPECT_EQ(refused.error().code, Code::invalid);
    EXPECT_EQ(refused.error().field, "tile");
    params.width = 24;
    EXPECT_TRUE(predict_cost(*card, params, {})) << "wraps around once";
    params.height = 16;
    EXPECT_TRUE(predict_cost(*card, params, {})) << "does not wrap the other way";
    params.tile = "xy";
    EXPECT_FALSE(predict_cost(*card, params, {}));
  }
}

}  // namespace
}  // namespace limner
