#include "nets/unet.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "nets/limner_tiny_test.h"

namespace limner {
namespace {

using test::input_texts;
using test::json_of;
using test::output_texts;
using test::parameter_count;

using Texts = std::vector<std::string>;

UnetConfig config_of(std::string_view text) {
  const auto config = read_unet_config(json_of(text), "unet/config.json");
  EXPECT_TRUE(config) << config.error().text();
  return config.value();
}

constexpr const char* kSd1 = R"({"cross_attention_dim": 768})";
constexpr const char* kSdxl = R"({"addition_embed_type": "text_time", "addition_time_embed_dim": 256,
  "attention_head_dim": [5, 10, 20], "block_out_channels": [320, 640, 1280], "cross_attention_dim": 2048,
  "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
  "projection_class_embeddings_input_dim": 2816, "transformer_layers_per_block": [1, 2, 10],
  "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"], "use_linear_projection": true})";

TEST(Unet, ReadsEveryWeightOfLimnerTiny) {
  const auto config = read_unet_config(test::limner_tiny_config("unet"), "unet/config.json");
  ASSERT_TRUE(config) << config.error().text();
  const Graph graph = describe_unet(config.value(), {.height = 16, .width = 16, .tokens = 32});
  EXPECT_EQ(test::weight_names(graph), test::limner_tiny_names("unet"));
}

TEST(Unet, HasThePublishedSizes) {
  EXPECT_EQ(parameter_count(describe_unet(config_of(kSd1), {})), 859520964);
  EXPECT_EQ(parameter_count(describe_unet(config_of(kSdxl), {})), 2567463684);
  Json ssd = json_of(kSdxl);
  ssd["mid_block_type"] = "UNetMidBlock2D";
  ssd["transformer_layers_per_block"] = json_of("[1, [2, 2], [4, 4]]");
  ssd["reverse_transformer_layers_per_block"] = json_of("[[4, 4, 10], [2, 1, 1], 1]");
  EXPECT_EQ(parameter_count(describe_unet(config_of(ssd.dump()), {})), 1331334404);
}

// Where 3x3 convolutions have half of their weights and a twentieth of their work.
TEST(Unet, MakesTheLowestResolutionCompactInEightBits) {
  Graph graph = describe_unet(config_of(kSd1), {});
  const auto compact = [&] {
    std::set<std::string> scopes;
    for (const Node& node : graph.nodes())
      if (const auto* conv = std::get_if<op::Conv2d>(&node.op); conv && conv->compact)
        scopes.insert(conv->weight.substr(0, conv->weight.find(".resnets")));
    return scopes;
  };
  EXPECT_TRUE(compact().empty()) << "speed goes first";
  graph.compute_in_int8({"mid_block.attentions.0.proj_in.weight"});
  EXPECT_EQ(compact(), (std::set<std::string>{"down_blocks.3", "mid_block", "up_blocks.0"}));
  for (const Node& node : graph.nodes()) {
    const auto* conv = std::get_if<op::Conv2d>(&node.op);
    EXPECT_TRUE(!conv || !conv->compact || node.shape[1] * node.shape[2] == 64) << "of 8x8";
  }
}

TEST(Unet, DeclaresInputsInOrder) {
  Json json = json_of(kSdxl);
  json["time_cond_proj_dim"] = 256;
  json["in_channels"] = 9;
  const Graph graph =
      describe_unet(config_of(json.dump()), {.batch = 2, .height = 8, .width = 6, .tokens = 3});
  EXPECT_EQ(input_texts(graph),
            (Texts{"sample [2, 8, 6, 9]", "timestep [2]", "context [2, 3, 2048]", "text_embeds [2, 1280]",
                   "time_ids [2, 6]", "timestep_cond [2, 256]"}));
  EXPECT_EQ(output_texts(graph), (Texts{"prediction [2, 8, 6, 4]"}));
}

TEST(Unet, RefinerHasFiveTimeIds) {
  Json json = json_of(kSdxl);
  json["projection_class_embeddings_input_dim"] = 2560;
  const UnetConfig config = config_of(json.dump());
  ASSERT_EQ(config.time_id_count(1280), 5);
  const Texts inputs = input_texts(describe_unet(config, {.time_ids = 5}));
  EXPECT_EQ(inputs[3], "text_embeds [1, 1280]");
  EXPECT_EQ(inputs[4], "time_ids [1, 5]");
}

TEST(Unet, ClassLabels) {
  const auto labels_of = [](const char* key, Json value) {
    Json json = json_of(R"({"projection_class_embeddings_input_dim": 10})");
    json[key] = std::move(value);
    return input_texts(describe_unet(config_of(json.dump()), {.batch = 2})).at(3);
  };
  EXPECT_EQ(labels_of("num_class_embeds", 1000), "class_labels [2, 1]");
  EXPECT_EQ(labels_of("class_embed_type", "timestep"), "class_labels [2]");
  EXPECT_EQ(labels_of("class_embed_type", "projection"), "class_labels [2, 10]");
  EXPECT_EQ(labels_of("class_embed_type", "simple_projection"), "class_labels [2, 10]");
}

TEST(Unet, TakesControlAtEverySkip) {
  const UnetConfig config = config_of(kSd1);
  const Texts inputs =
      input_texts(describe_unet(config, {.height = 9, .width = 5, .control_residuals = true}));
  ASSERT_EQ(inputs.size(), 3u + static_cast<size_t>(config.residual_count()) + 1);
  EXPECT_EQ(inputs[3], "control_0 [1, 9, 5, 320]");
  EXPECT_EQ(inputs[6], "control_3 [1, 5, 3, 320]");
  EXPECT_EQ(inputs[14], "control_11 [1, 2, 1, 1280]");
  EXPECT_EQ(inputs[15], "control_mid [1, 2, 1, 1280]");
}

TEST(Unet, AnyLatentSizeFits) {
  const UnetConfig config = config_of(kSd1);
  for (const int64_t height : {1, 2, 3, 7, 64})
    for (const int64_t width : {1, 5, 13})
      EXPECT_EQ(describe_unet(config, {.height = height, .width = width}).outputs().size(), 1u);
}

}  // namespace
}  // namespace limner
