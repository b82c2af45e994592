#include "nets/unet_config.h"

#include <gtest/gtest.h>

#include "nets/limner_tiny_test.h"

namespace limner {
namespace {

using test::json_of;

// SDXL's, without the keys that are null there.
constexpr const char* kWholeSdxl =
    R"({"_class_name": "UNet2DConditionModel", "_diffusers_version": "0.19.0.dev0",
  "act_fn": "silu", "addition_embed_type": "text_time", "addition_embed_type_num_heads": 64,
  "addition_time_embed_dim": 256, "attention_head_dim": [5, 10, 20], "block_out_channels": [320, 640, 1280],
  "center_input_sample": false, "class_embeddings_concat": false, "conv_in_kernel": 3, "conv_out_kernel": 3,
  "cross_attention_dim": 2048, "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
  "downsample_padding": 1, "dual_cross_attention": false, "flip_sin_to_cos": true, "freq_shift": 0, "in_channels": 4,
  "layers_per_block": 2, "mid_block_scale_factor": 1, "mid_block_type": "UNetMidBlock2DCrossAttn", "norm_eps": 1e-05,
  "norm_num_groups": 32, "only_cross_attention": false, "out_channels": 4, "num_attention_heads": null,
  "projection_class_embeddings_input_dim": 2816, "resnet_out_scale_factor": 1.0, "resnet_skip_time_act": false,
  "resnet_time_scale_shift": "default", "sample_size": 128, "time_embedding_type": "positional",
  "transformer_layers_per_block": [1, 2, 10], "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
  "upcast_attention": null, "use_linear_projection": true})";

Result<UnetConfig> read_unet(const Json& json) { return read_unet_config(json, "unet/config.json"); }

TEST(UnetConfig, EmptyMeansStableDiffusionsDefaults) {
  const auto unet = read_unet(json_of(R"({"cross_attention_dim": 768})"));
  ASSERT_TRUE(unet) << unet.error().text();
  ASSERT_EQ(unet.value().down.size(), 4u);
  EXPECT_FALSE(unet.value().down.back().attention);
  EXPECT_EQ(unet.value().down.front().heads, 8);
  EXPECT_EQ(unet.value().time_embedding_width, 1280);
  EXPECT_EQ(unet.value().residual_count(), 12);
  EXPECT_EQ(unet.value().extent_min(), 1);
  EXPECT_FALSE(unet.value().time_id_count(1280));
}

TEST(UnetConfig, Sdxl) {
  const auto unet = read_unet(json_of(kWholeSdxl));
  ASSERT_TRUE(unet) << unet.error().text();
  EXPECT_EQ(unet.value().down[2].depth, (std::vector<int64_t>{10, 10}));
  EXPECT_EQ(unet.value().up[0].depth, (std::vector<int64_t>{10, 10, 10}));
  EXPECT_EQ(unet.value().up[0].heads, 20);
  EXPECT_EQ(unet.value().middle_stage.depth, (std::vector<int64_t>{10}));
  EXPECT_EQ(unet.value().residual_count(), 9);
  EXPECT_EQ(unet.value().time_id_count(1280), 6);
  EXPECT_EQ(unet.value().time_id_count(1281), std::nullopt);
  EXPECT_EQ(unet.value().sample_size, 128);
}

TEST(UnetConfig, DepthsABlock) {
  Json json = json_of(kWholeSdxl);
  json["transformer_layers_per_block"] = json_of("[1, [2, 2], [4, 3]]");
  EXPECT_EQ(read_unet(json).error().field, "unet/config.json: transformer_layers_per_block")
      << "the way up is not given";
  json["reverse_transformer_layers_per_block"] = json_of("[[4, 4, 10], [2, 1, 1], 1]");
  const auto unet = read_unet(json);
  ASSERT_TRUE(unet) << unet.error().text();
  EXPECT_EQ(unet.value().down[2].depth, (std::vector<int64_t>{4, 3}));
  EXPECT_EQ(unet.value().up[0].depth, (std::vector<int64_t>{4, 4, 10}));
  EXPECT_EQ(unet.value().middle_stage.depth, (std::vector<int64_t>{4}));
}

TEST(UnetConfig, MiddleBlocks) {
  Json json = json_of(kWholeSdxl);
  json["mid_block_type"] = nullptr;
  EXPECT_EQ(read_unet(json).value().middle, UnetMiddle::none);
  json["mid_block_type"] = "UNetMidBlock2D";
  EXPECT_EQ(read_unet(json).value().middle, UnetMiddle::residual);
  json.erase("mid_block_type");
  EXPECT_EQ(read_unet(json).value().middle, UnetMiddle::attention);
}

TEST(UnetConfig, TextProjection) {
  Json json = json_of(kWholeSdxl);
  json["encoder_hid_dim"] = 4096;
  const auto unet = read_unet(json);
  ASSERT_TRUE(unet) << unet.error().text();
  EXPECT_EQ(unet.value().context_width, 4096);
  EXPECT_EQ(unet.value().cross_width(), 2048);
}

TEST(UnetConfig, RefusesWhatItCannotCompute) {
  const struct {
    const char* key;
    const char* value;
  } kCases[] = {{"_class_name", R"("UNet2DModel")"},
                {"act_fn", R"("mish")"},
                {"addition_embed_type", R"("image")"},
                {"addition_time_embed_dim", "255"},
                {"attention_head_dim", "[5, 10]"},
                {"attention_head_dim", "[5, 10, 0]"},
                {"attention_head_dim", "[5, 10, 24]"},
                {"attention_type", R"("gated")"},
                {"block_out_channels", "[320, 640, 1000000]"},
                {"block_out_channels", "[]"},
                {"block_out_channels", "320"},
                {"class_embed_type", R"("identity")"},
                {"class_embeddings_concat", "true"},
                {"conv_in_kernel", "4"},
                {"cross_attention_dim", "[2048, 2048, 1024]"},
                {"cross_attention_norm", R"("layer_norm")"},
                {"down_block_types", R"(["AttnDownBlock2D", "DownBlock2D", "DownBlock2D"])"},
                {"down_block_types", R"(["DownBlock2D", "DownBlock2D"])"},
                {"downsample_padding", "2"},
                {"dual_cross_attention", "true"},
                {"encoder_hid_dim_type", R"("image_proj")"},
                {"freq_shift", "1e9"},
                {"layers_per_block", "0"},
                {"layers_per_block", "1000000"},
                {"mid_block_scale_factor", "0"},
                {"mid_block_type", R"("UNetMidBlock2DSimpleCrossAttn")"},
                {"norm_eps", "0"},
                {"norm_num_groups", "7"},
                {"num_attention_heads", "8"},
                {"num_class_embeds", "-1"},
                {"only_cross_attention", "[true]"},
                {"projection_class_embeddings_input_dim", "256"},
                {"quantization_config", "{}"},
                {"resnet_out_scale_factor", "2"},
                {"resnet_skip_time_act", "true"},
                {"resnet_time_scale_shift", R"("spatial")"},
                {"time_embedding_act_fn", R"("mish")"},
                {"time_embedding_type", R"("fourier")"},
                {"transformer_layers_per_block", "[1, 2]"},
                {"transformer_layers_per_block", "[1, 2, -1]"},
                {"transformer_layers_per_block", R"(["1", 2, "x"])"},
                {"transformer_layers_per_block", "[1, 2, [1, 2, 3]]"},
                {"transformer_layers_per_block", "100000"},
                {"up_block_types", R"(["UpBlock2D"])"}};
  for (const auto& [key, value] : kCases) {
    Json json = json_of(kWholeSdxl);
    json[key] = json_of(value);
    const auto unet = read_unet(json);
    ASSERT_FALSE(unet) << key << " " << value;
    EXPECT_EQ(unet.error().field, std::string("unet/config.json: ") + key) << unet.error().text();
  }
}

TEST(UnetConfig, BoundsTransformersTogether) {
  Json json = json_of(kWholeSdxl);
  json["layers_per_block"] = 16;
  json["transformer_layers_per_block"] = 64;
  EXPECT_EQ(read_unet(json).error().field, "unet/config.json: transformer_layers_per_block");
}

}  // namespace
}  // namespace limner
