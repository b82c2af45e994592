#include "nets/vae.h"

#include <gtest/gtest.h>

#include "nets/limner_tiny_test.h"

namespace limner {
namespace {

using test::json_of;
using Texts = std::vector<std::string>;

constexpr const char* kSd =
    R"({"_class_name": "AutoencoderKL", "_diffusers_version": "0.6.0", "act_fn": "silu",
  "block_out_channels": [128, 256, 512, 512], "in_channels": 3, "latent_channels": 4, "layers_per_block": 2,
  "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
  "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
  "norm_num_groups": 32, "out_channels": 3, "sample_size": 512, "scaling_factor": 0.13025, "force_upcast": true})";

Result<VaeConfig> read_vae(const Json& json) { return read_vae_config(json, "vae/config.json"); }

TEST(Vae, HasThePublishedSizes) {
  const auto config = read_vae(json_of(kSd));
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config.value().scale(), 8);
  EXPECT_FLOAT_EQ(config.value().scaling_factor, 0.13025f);
  const Graph decoder = describe_vae_decoder(config.value(), {.height = 3, .width = 5});
  const Graph encoder = describe_vae_encoder(config.value(), {.height = 24, .width = 40});
  EXPECT_EQ(test::parameter_count(decoder), 49490199);
  EXPECT_EQ(test::parameter_count(encoder), 34163664);
  EXPECT_EQ(test::input_texts(decoder), (Texts{"latent [1, 3, 5, 4]"}));
  EXPECT_EQ(test::output_texts(decoder), (Texts{"image [1, 24, 40, 3]"}));
  EXPECT_EQ(test::input_texts(encoder), (Texts{"image [1, 24, 40, 3]"}));
  EXPECT_EQ(test::output_texts(encoder), (Texts{"moments [1, 3, 5, 8]"}));
}

TEST(Vae, LatentStatistics) {
  Json json = json_of(kSd);
  json["latents_mean"] = {1, 2, 3, 4};
  json["latents_std"] = {1, 1, 1, 2};
  json["shift_factor"] = 0.25;
  const auto config = read_vae(json);
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config.value().latents_std.back(), 2);
  EXPECT_EQ(config.value().shift_factor, 0.25f);
}

TEST(Vae, RefusesWhatItCannotCompute) {
  const struct {
    const char* key;
    const char* value;
  } kCases[] = {{"_class_name", R"("AutoencoderDC")"},
                {"act_fn", R"("mish")"},
                {"block_out_channels", "[128, 256, 512, 1000000]"},
                {"down_block_types", R"(["AttnDownEncoderBlock2D"])"},
                {"down_block_types", R"(["DownEncoderBlock2D"])"},
                {"latent_channels", "0"},
                {"latents_mean", "[1, 2]"},
                {"latents_std", "[1, 1, 1, 0]"},
                {"layers_per_block", "[2, 2]"},
                {"norm_num_groups", "48"},
                {"patch_size", "2"},
                {"scaling_factor", "0"}};
  for (const auto& [key, value] : kCases) {
    Json json = json_of(kSd);
    json[key] = json_of(value);
    const auto config = read_vae(json);
    ASSERT_FALSE(config) << key << " " << value;
    EXPECT_EQ(config.error().field, std::string("vae/config.json: ") + key) << config.error().text();
  }
}

}  // namespace
}  // namespace limner
