#include "families/single_file.h"

#include <gtest/gtest.h>

#include "nets/ldm_names.h"
#include "nets/unet_config.h"
#include "nets/vae.h"
#include "tensor/safetensors_fixture.h"

namespace limner {
namespace {

// A checkpoint with every tensor of a network of two levels, whose shapes are right where the configuration
// is read off.
class Checkpoint {
 public:
  enum class Sizes : uint8_t { without, with };  ///< whether picture sizes are part of the conditioning: SDXL

  Checkpoint(int64_t in_channels, Sizes sizes) {
    const UnetLayout layout{.layers = 1, .down = {{1}, {0}}, .up = {{0, 0}, {2, 1}}, .middle = 1};
    add_modules(unet_module_names(layout), "model.diffusion_model.",
                {{"conv_in", {64, in_channels, 3, 3}},
                 {"conv_out", {4, 64, 3, 3}},
                 {"down_blocks.0.resnets.0.conv1", {64, 64, 3, 3}},
                 {"down_blocks.1.resnets.0.conv1", {128, 64, 3, 3}},
                 {"down_blocks.0.attentions.0.proj_in", {64, 64, 1, 1}},
                 {"down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k", {64, 96}},
                 {"add_embedding.linear_1", {256, 128 + 6 * 16}}},
                sizes == Sizes::with ? "" : "add_embedding");
    add_modules(vae_module_names(2, 1), "first_stage_model.",
                {{"encoder.conv_in", {32, 3, 3, 3}},
                 {"decoder.conv_in", {64, 4, 3, 3}},
                 {"decoder.conv_out", {3, 32, 3, 3}},
                 {"encoder.down_blocks.0.resnets.0.conv1", {32, 32, 3, 3}},
                 {"encoder.down_blocks.1.resnets.0.conv1", {64, 32, 3, 3}}},
                "");
  }

  void add_clip(const std::string& prefix) {
    const std::string text = prefix + "text_model.";
    file.add_ramp(text + "embeddings.token_embedding.weight", {7, 64})
        .add_ramp(text + "embeddings.position_embedding.weight", {77, 64})
        .add_ramp(text + "encoder.layers.0.mlp.fc1.weight", {128, 64})
        .add_ramp(text + "encoder.layers.0.layer_norm1.weight", {64});
  }

  void add_open_clip(const std::string& prefix) {
    file.add_ramp(prefix + "token_embedding.weight", {7, 128})
        .add_ramp(prefix + "positional_embedding", {77, 128})
        .add_ramp(prefix + "text_projection", {128, 128});
    for (int layer = 0; layer < 24; ++layer)
      file.add_ramp(fmt::format("{}transformer.resblocks.{}.ln_1.weight", prefix, layer), {128})
          .add_ramp(fmt::format("{}transformer.resblocks.{}.mlp.c_fc.weight", prefix, layer), {1, 128});
  }

  Result<SingleFileModel> open() const {
    const std::filesystem::path path =
        std::filesystem::path(testing::TempDir()) / "limner-single.safetensors";
    file.write(path);
    Result<SingleFileModel> model = open_single_file(path);
    std::filesystem::remove(path);
    return model;
  }

  SafetensorsFixture file;

 private:
  void add_modules(const std::vector<ModuleNames>& modules, const std::string& prefix,
                   const std::map<std::string, std::vector<int64_t>>& shapes, const std::string& absent) {
    for (const ModuleNames& module : modules) {
      // The table has a row for the resampling that the last level lacks.
      if (module.diffusers == "down_blocks.1.downsamplers.0.conv") continue;
      if (!absent.empty() && module.diffusers.starts_with(absent)) continue;
      const auto shape = shapes.find(module.diffusers);
      file.add_ramp(prefix + module.ldm + ".weight",
                    shape == shapes.end() ? std::vector<int64_t>{1} : shape->second);
    }
  }
};

SingleFileModel opened(const Checkpoint& checkpoint) {
  Result<SingleFileModel> model = checkpoint.open();
  if (!model) throw std::runtime_error(model.error().text());
  return std::move(model).value();
}

TEST(SingleFile, StableDiffusion1HasEightHeads) {
  Checkpoint checkpoint(8, Checkpoint::Sizes::without);
  checkpoint.add_clip("cond_stage_model.transformer.");
  const SingleFileModel model = opened(checkpoint);
  EXPECT_EQ(model.kind, "sd1");
  EXPECT_EQ(model.components.at("unet").config["attention_head_dim"], 8);
  EXPECT_EQ(model.components.at("unet").config["in_channels"], 8);
  EXPECT_FALSE(model.components.at("unet").config.contains("addition_embed_type"));
  EXPECT_EQ(model.components.at("vae").config["scaling_factor"], 0.18215);
  EXPECT_EQ(model.components.at("scheduler").class_name, "EulerAncestralDiscreteScheduler");
}

TEST(SingleFile, StableDiffusion2PredictsVUnlessTheFileSaysOtherwise) {
  Checkpoint checkpoint(4, Checkpoint::Sizes::without);
  checkpoint.add_open_clip("cond_stage_model.model.");
  const SingleFileModel model = opened(checkpoint);
  EXPECT_EQ(model.kind, "sd2");
  EXPECT_EQ(model.components.at("text_encoder").config["num_hidden_layers"], 23);
  EXPECT_EQ(model.components.at("text_encoder").class_name, "CLIPTextModel");
  EXPECT_EQ(model.components.at("scheduler").config["prediction_type"], "v_prediction");
  checkpoint.file.metadata({{"modelspec.prediction_type", "epsilon"}});
  EXPECT_EQ(opened(checkpoint).components.at("scheduler").config["prediction_type"], "epsilon");
}

TEST(SingleFile, StableDiffusionXlIsReadOffItsShapes) {
  Checkpoint checkpoint(9, Checkpoint::Sizes::with);
  checkpoint.add_clip("conditioner.embedders.0.transformer.");
  checkpoint.add_open_clip("conditioner.embedders.1.model.");
  const SingleFileModel model = opened(checkpoint);
  EXPECT_EQ(model.kind, "sdxl");
  const Json& unet = model.components.at("unet").config;
  EXPECT_EQ(unet["in_channels"], 9);
  EXPECT_EQ(unet["block_out_channels"], Json({64, 128}));
  EXPECT_EQ(unet["attention_head_dim"], Json({1, 2}));
  EXPECT_EQ(unet["cross_attention_dim"], 96);
  EXPECT_EQ(unet["addition_time_embed_dim"], 16);
  EXPECT_EQ(unet["down_block_types"], Json({"CrossAttnDownBlock2D", "DownBlock2D"}));
  const Result<UnetConfig> read = read_unet_config(unet, "unet");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->up[1].depth, (std::vector<int64_t>{2, 1}));
  const Json& vae = model.components.at("vae").config;
  EXPECT_EQ(vae["block_out_channels"], Json({32, 64}));
  EXPECT_EQ(vae["scaling_factor"], 0.13025);
  EXPECT_TRUE(read_vae_config(vae, "vae"));
  EXPECT_EQ(model.components.at("text_encoder").config["hidden_act"], "quick_gelu");
  const Json& second = model.components.at("text_encoder_2").config;
  EXPECT_EQ(second["num_hidden_layers"], 24);
  EXPECT_EQ(second["projection_dim"], 128);
  EXPECT_EQ(model.components.at("scheduler").config["prediction_type"], "epsilon");
}

TEST(SingleFile, MarkersSetThePrediction) {
  Checkpoint checkpoint(4, Checkpoint::Sizes::with);
  checkpoint.add_clip("conditioner.embedders.0.transformer.");
  checkpoint.add_open_clip("conditioner.embedders.1.model.");
  checkpoint.file.add("v_pred", {1}, {1}).add("ztsnr", {1}, {1});
  const Json scheduler = opened(checkpoint).components.at("scheduler").config;
  EXPECT_EQ(scheduler["prediction_type"], "v_prediction");
  EXPECT_EQ(scheduler["rescale_betas_zero_snr"], true);
  EXPECT_EQ(scheduler["timestep_spacing"], "trailing");
}

TEST(SingleFile, UnknownTensorsInTheUnetAreRefused) {
  Checkpoint checkpoint(4, Checkpoint::Sizes::with);
  checkpoint.add_clip("conditioner.embedders.0.transformer.");
  checkpoint.add_open_clip("conditioner.embedders.1.model.");
  checkpoint.file.add("model.diffusion_model.motion.weight", {1}, {0});
  EXPECT_NE(checkpoint.open().error().text().find("motion.weight"), std::string::npos);
}

TEST(SingleFile, OtherFilesAreNamed) {
  const auto says = [](SafetensorsFixture fixture) {
    Checkpoint checkpoint(4, Checkpoint::Sizes::without);
    checkpoint.file = std::move(fixture);
    return checkpoint.open().error().text();
  };
  EXPECT_NE(says(SafetensorsFixture().add("lora_unet_x.lora_up.weight", {1}, {0})).find("LoRA"),
            std::string::npos);
  EXPECT_NE(says(SafetensorsFixture().add("decoder.conv_in.weight", {1}, {0})).find("autoencoder"),
            std::string::npos);
  EXPECT_NE(says(SafetensorsFixture().add("double_blocks.0.x", {1}, {0})).find("FLUX"), std::string::npos);
  EXPECT_NE(Checkpoint(4, Checkpoint::Sizes::without).open().error().text().find("no text encoder"),
            std::string::npos);
}

}  // namespace
}  // namespace limner
