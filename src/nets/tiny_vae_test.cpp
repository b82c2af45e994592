#include "nets/tiny_vae.h"

#include <gtest/gtest.h>

#include "nets/limner_tiny_test.h"

namespace limner {
namespace {

using test::json_of;

Result<TinyVaeConfig> read_tiny_vae(const Json& json) {
  return read_tiny_vae_config(json, "vae/config.json");
}

TEST(TinyVae, ReadsEveryWeightOfLimnerTiny) {
  const auto config = read_tiny_vae(test::limner_tiny_config("vae"));
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_FLOAT_EQ(config.value().scaling_factor, 1.924f);
  const Graph decoder = describe_tiny_vae_decoder(config.value(), 1, 16, 16);
  const Graph encoder = describe_tiny_vae_encoder(config.value(), 1, 128, 128);
  auto names = test::weight_names(decoder);
  for (const std::string& name : test::weight_names(encoder)) names.push_back(name);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, test::limner_tiny_names("vae"));
  EXPECT_EQ(test::output_texts(decoder), (std::vector<std::string>{"image [1, 128, 128, 3]"}));
  EXPECT_EQ(test::output_texts(encoder), (std::vector<std::string>{"latent [1, 16, 16, 4]"}));
}

TEST(TinyVae, HasThePublishedSize) {
  const auto config = read_tiny_vae(json_of("{}"));
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config.value().scale(), 8);
  EXPECT_EQ(test::parameter_count(describe_tiny_vae_decoder(config.value(), 1, 8, 8)), 1222531);
  EXPECT_EQ(test::parameter_count(describe_tiny_vae_encoder(config.value(), 1, 64, 64)), 1222532);
}

TEST(TinyVae, RefusesWhatItCannotCompute) {
  const struct {
    const char* key;
    const char* value;
  } kCases[] = {{"_class_name", R"("AutoencoderKL")"},
                {"act_fn", R"("mish")"},
                {"decoder_block_out_channels", "[64, 64, 64, 32]"},
                {"encoder_block_out_channels", "[0, 0, 0, 0]"},
                {"num_decoder_blocks", "[3, 3]"},
                {"num_encoder_blocks", "[1, 3, 3, 1000000]"},
                {"upsample_fn", R"("bilinear")"},
                {"upsampling_scaling_factor", "1000"},
                {"upsampling_scaling_factor", "4"},
                {"use_midblock_gn", "true"}};
  for (const auto& [key, value] : kCases) {
    const auto config = read_tiny_vae(Json{{key, json_of(value)}});
    ASSERT_FALSE(config) << key;
    EXPECT_EQ(config.error().field, std::string("vae/config.json: ") + key) << config.error().text();
  }
}

}  // namespace
}  // namespace limner
