#include "nets/clip_vision.h"

#include <gtest/gtest.h>

#include "nets/limner_tiny_test.h"

namespace limner {
namespace {

using test::json_of;
using test::output_texts;
using test::parameter_count;

// CLIP ViT-L/14, as published.
constexpr const char* kVitL14 = R"({"attention_dropout": 0.0, "dropout": 0.0, "hidden_act": "quick_gelu",
  "hidden_size": 1024, "image_size": 224, "initializer_factor": 1.0, "initializer_range": 0.02,
  "intermediate_size": 4096, "layer_norm_eps": 1e-05, "model_type": "clip_vision_model", "num_attention_heads": 16,
  "num_channels": 3, "num_hidden_layers": 24, "patch_size": 14, "projection_dim": 768})";

TEST(ClipVision, VitL14HasItsPublishedSize) {
  const auto config = read_clip_vision_config(json_of(kVitL14), "config.json");
  ASSERT_TRUE(config) << config.error().text();
  const Graph graph = describe_clip_vision(*config);
  EXPECT_EQ(parameter_count(graph), 303966208);
  EXPECT_EQ(output_texts(graph), (std::vector<std::string>{"embedding [1, 768]"}));
}

TEST(ClipVision, ReadsTheConfigOfAWholeModel) {
  Json whole = {{"model_type", "clip"}, {"projection_dim", 640}, {"text_config", {{"vocab_size", 5}}}};
  whole["vision_config"] = json_of(kVitL14);
  const auto config = read_clip_vision_config(whole, "config.json");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config->width, 1024);
  EXPECT_EQ(config->projection, 640);
}

TEST(ClipVision, RefusesWhatItCannotCompute) {
  const struct {
    const char* key;
    Json value;
  } kCases[] = {{"hidden_act", "relu"},     {"num_attention_heads", 7}, {"hidden_size", 1 << 20},
                {"image_size", 0},          {"image_size", 225},        {"patch_size", 1000},
                {"num_hidden_layers", 999}, {"num_channels", 4},        {"model_type", "siglip_vision_model"},
                {"projection_dim", -1},     {"pooling", "mean"}};
  for (const auto& [key, value] : kCases) {
    Json json = json_of(kVitL14);
    json[key] = value;
    const auto config = read_clip_vision_config(json, "config.json");
    ASSERT_FALSE(config) << key;
    // What does not divide is told of the divisor.
    const std::string named = key == std::string("image_size") && value == 225 ? "patch_size" : key;
    EXPECT_EQ(config.error().field, "config.json: " + named);
  }
}

}  // namespace
}  // namespace limner
