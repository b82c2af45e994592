#include "nets/clip_text.h"

#include <gtest/gtest.h>

#include "nets/limner_tiny_test.h"

namespace limner {
namespace {

using test::json_of;
using test::output_texts;
using test::parameter_count;

// SDXL's second encoder, as published.
constexpr const char* kBigG = R"({"architectures": ["CLIPTextModelWithProjection"], "attention_dropout": 0.0,
  "bos_token_id": 0, "dropout": 0.0, "eos_token_id": 2, "hidden_act": "gelu", "hidden_size": 1280,
  "initializer_factor": 1.0, "initializer_range": 0.02, "intermediate_size": 5120, "layer_norm_eps": 1e-05,
  "max_position_embeddings": 77, "model_type": "clip_text_model", "num_attention_heads": 20, "num_hidden_layers": 32,
  "pad_token_id": 1, "projection_dim": 1280, "torch_dtype": "float16", "transformers_version": "4.32.0.dev0",
  "vocab_size": 49408})";

TEST(ClipText, ReadsEveryWeightOfLimnerTiny) {
  const auto config =
      read_clip_text_config(test::limner_tiny_config("text_encoder"), "text_encoder/config.json");
  ASSERT_TRUE(config) << config.error().text();
  const Graph graph = describe_clip_text(config.value(), {.batch = 2, .tokens = 32});
  EXPECT_EQ(test::weight_names(graph), test::limner_tiny_names("text_encoder"));
  EXPECT_EQ(output_texts(graph), (std::vector<std::string>{"hidden [2, 32, 192]"}));
}

TEST(ClipText, BigGHasItsPublishedSize) {
  const auto config = read_clip_text_config(json_of(kBigG), "text_encoder_2/config.json");
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config.value().pooled_width(), 1280);
  const Graph graph =
      describe_clip_text(config.value(), {.hidden_from_end = 2, .final_norm = false, .pooled = true});
  EXPECT_EQ(parameter_count(graph), 694659840);
  EXPECT_EQ(output_texts(graph), (std::vector<std::string>{"hidden [1, 77, 1280]", "pooled [1, 1280]"}));
}

TEST(ClipText, LeavesOutLayersThatNothingNeeds) {
  const ClipTextConfig config;
  constexpr int64_t kEmbeddings = (49408 + 77) * 768, kLayer = 7087872;
  const auto layers_of = [&](const ClipTextShape& shape) {
    return (parameter_count(describe_clip_text(config, shape)) - kEmbeddings) / kLayer;
  };
  EXPECT_EQ(layers_of({}), 12);
  EXPECT_EQ(layers_of({.hidden_from_end = 2, .final_norm = false}), 11);
  EXPECT_EQ(layers_of({.hidden_from_end = 13, .final_norm = false}), 0);
  EXPECT_EQ(layers_of({.hidden_from_end = 3, .pooled = true}), 12);
}

TEST(ClipText, FewerTokensUseTheHeadOfThePositionTable) {
  const Graph graph = describe_clip_text(ClipTextConfig{}, {.tokens = 5});
  EXPECT_EQ(output_texts(graph), (std::vector<std::string>{"hidden [1, 5, 768]"}));
  EXPECT_EQ(parameter_count(graph), 123060480);
}

TEST(ClipText, RootPrefixesAllButTheProjection) {
  ClipTextConfig config;
  config.projection = 16;
  const auto names = test::weight_names(describe_clip_text(config, {.pooled = true}, Scope{}));
  EXPECT_TRUE(std::count(names.begin(), names.end(), "final_layer_norm.weight"));
  EXPECT_TRUE(std::count(names.begin(), names.end(), "text_projection.weight"));
}

TEST(ClipText, RefusesWhatItCannotCompute) {
  const struct {
    const char* key;
    Json value;
  } kCases[] = {{"hidden_act", "relu"},      {"num_attention_heads", 7},     {"num_attention_heads", 0},
                {"vocab_size", 1LL << 40},   {"hidden_size", "768"},         {"num_hidden_layers", 100000},
                {"model_type", "t5"},        {"layer_norm_eps", -1},         {"architectures", {"CLIPModel"}},
                {"projection_dim", 1 << 30}, {"max_position_embeddings", 0}, {"rope_theta", 10000}};
  for (const auto& [key, value] : kCases) {
    Json json = json_of(kBigG);
    json[key] = value;
    const auto config = read_clip_text_config(json, "text_encoder/config.json");
    ASSERT_FALSE(config) << key;
    EXPECT_EQ(config.error().field, std::string("text_encoder/config.json: ") + key);
  }
}

}  // namespace
}  // namespace limner
