#include "nets/ldm_names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tensor/safetensors_fixture.h"

namespace limner {
namespace {

std::string ldm_of(const std::vector<ModuleNames>& names, std::string_view diffusers) {
  const auto found = std::ranges::find(names, diffusers, &ModuleNames::diffusers);
  return found == names.end() ? "absent" : found->ldm;
}

UnetLayout sd1_layout() {
  return UnetLayout{.layers = 2,
                    .down = {{1, 1}, {1, 1}, {1, 1}, {0, 0}},
                    .up = {{0, 0, 0}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}},
                    .middle = 1};
}

// A file with the weight of every module, under the names that `member` chooses.
std::shared_ptr<const SafetensorsFile> file_of(const std::vector<ModuleNames>& names,
                                               std::string ModuleNames::*member, const UnetLayout& layout) {
  SafetensorsFixture fixture;
  const std::string last = fmt::format("down_blocks.{}.downsamplers.0.conv", layout.down.size() - 1);
  for (const ModuleNames& module : names)
    if (module.diffusers != last) fixture.add(module.*member + ".weight", {1}, {0});
  return fixture.open();
}

// Places checked against v1-5-pruned.safetensors' well-known keys.
TEST(LdmNames, PlacesOfStableDiffusion1) {
  const std::vector<ModuleNames> names = unet_module_names(sd1_layout());
  EXPECT_EQ(ldm_of(names, "conv_in"), "input_blocks.0.0");
  EXPECT_EQ(ldm_of(names, "down_blocks.0.resnets.1.conv2"), "input_blocks.2.0.out_layers.3");
  EXPECT_EQ(ldm_of(names, "down_blocks.0.downsamplers.0.conv"), "input_blocks.3.0.op");
  EXPECT_EQ(ldm_of(names, "down_blocks.2.attentions.1.transformer_blocks.0.attn2.to_out.0"),
            "input_blocks.8.1.transformer_blocks.0.attn2.to_out.0");
  EXPECT_EQ(ldm_of(names, "down_blocks.3.resnets.1.norm1"), "input_blocks.11.0.in_layers.0");
  EXPECT_EQ(ldm_of(names, "mid_block.resnets.1.time_emb_proj"), "middle_block.2.emb_layers.1");
  EXPECT_EQ(ldm_of(names, "up_blocks.0.upsamplers.0.conv"), "output_blocks.2.1.conv");
  EXPECT_EQ(ldm_of(names, "up_blocks.1.upsamplers.0.conv"), "output_blocks.5.2.conv");
  EXPECT_EQ(ldm_of(names, "up_blocks.3.resnets.2.conv_shortcut"), "output_blocks.11.0.skip_connection");
  EXPECT_EQ(ldm_of(names, "down_blocks.3.attentions.0.proj_in"), "absent");
}

TEST(LdmNames, NoNameTwice) {
  std::set<std::string> ldm, diffusers;
  const std::vector<ModuleNames> names = unet_module_names(sd1_layout());
  for (const ModuleNames& module : names) {
    EXPECT_TRUE(ldm.insert(module.ldm).second) << module.ldm;
    EXPECT_TRUE(diffusers.insert(module.diffusers).second) << module.diffusers;
  }
}

TEST(LdmNames, LayoutIsReadOffBothNamings) {
  // SDXL's levels, and the refiner's middle deeper than its last level.
  const UnetLayout layouts[] = {sd1_layout(),
                                {2, {{0, 0}, {2, 2}, {10, 10}}, {{10, 10, 10}, {2, 2, 2}, {0, 0, 0}}, 10},
                                {2, {{0, 0}, {4, 4}, {0, 0}}, {{0, 0, 0}, {4, 4, 4}, {0, 0, 0}}, 4},
                                {1, {{1}, {1}}, {}, 1}};
  for (const UnetLayout& layout : layouts) {
    const std::vector<ModuleNames> names = unet_module_names(layout);
    std::vector<UnetLayout> read;
    read.push_back(unet_layout_of_diffusers(*file_of(names, &ModuleNames::diffusers, layout)).value());
    read.push_back(unet_layout_of_ldm(*file_of(names, &ModuleNames::ldm, layout), "").value());
    for (const UnetLayout& found : read) {
      EXPECT_EQ(found.layers, layout.layers);
      EXPECT_EQ(found.down, layout.down);
      EXPECT_EQ(found.up, layout.up);
      EXPECT_EQ(found.middle, layout.middle);
    }
  }
}

TEST(LdmNames, WhatIsNoUnetHasNoLayout) {
  const auto file =
      SafetensorsFixture().add("w", {1}, {0}).add("input_blocks.2.0.op.weight", {1}, {0}).open();
  EXPECT_FALSE(unet_layout_of_ldm(*file, ""));
  EXPECT_FALSE(unet_layout_of_diffusers(*file));
}

TEST(LdmNames, DecoderLevelsAreCountedTheOtherWay) {
  const std::vector<ModuleNames> names = vae_module_names(4, 2);
  EXPECT_EQ(ldm_of(names, "encoder.down_blocks.0.resnets.1.conv1"), "encoder.down.0.block.1.conv1");
  EXPECT_EQ(ldm_of(names, "decoder.up_blocks.0.resnets.2.norm2"), "decoder.up.3.block.2.norm2");
  EXPECT_EQ(ldm_of(names, "decoder.up_blocks.0.upsamplers.0.conv"), "decoder.up.3.upsample.conv");
  EXPECT_EQ(ldm_of(names, "decoder.mid_block.attentions.0.to_out.0"), "decoder.mid.attn_1.proj_out");
}

TEST(LdmNames, ControlNetEndsInZeroConvolutions) {
  const std::vector<ModuleNames> names =
      controlnet_module_names({2, {{1, 1}, {1, 1}, {1, 1}, {0, 0}}, {}, 1}, 6);
  EXPECT_EQ(ldm_of(names, "controlnet_down_blocks.11"), "zero_convs.11.0");
  EXPECT_EQ(ldm_of(names, "controlnet_down_blocks.12"), "absent");
  EXPECT_EQ(ldm_of(names, "controlnet_cond_embedding.conv_out"), "input_hint_block.14");
  EXPECT_EQ(ldm_of(names, "controlnet_cond_embedding.blocks.5"), "input_hint_block.12");
}

TEST(LdmNames, OpenClipKeepsQkvTogether) {
  const auto file = SafetensorsFixture()
                        .add_ramp("x.transformer.resblocks.0.attn.in_proj_bias", {6})
                        .add_ramp("x.text_projection", {2, 3})
                        .open();
  const auto clip = renamed_weights(file, open_clip_weight_names(1, "x."));
  EXPECT_EQ(values_of(*clip, "text_model.encoder.layers.0.self_attn.k_proj.bias", {2}),
            (std::vector<float>{2, 3}));
  EXPECT_EQ(values_of(*clip, "text_projection.weight", {3, 2}), (std::vector<float>{0, 3, 1, 4, 2, 5}));
}

TEST(LdmNames, TextEncodersWithoutPrefixGetIt) {
  const auto bare = with_text_model_prefix(SafetensorsFixture()
                                               .add("embeddings.token_embedding.weight", {1, 1}, {3})
                                               .add("text_projection.weight", {1, 1}, {4})
                                               .open());
  EXPECT_EQ(bare->names(), (std::vector<std::string>{"text_model.embeddings.token_embedding.weight",
                                                     "text_projection.weight"}));
  const std::shared_ptr<const WeightSource> whole =
      SafetensorsFixture().add("text_model.embeddings.token_embedding.weight", {1, 1}, {3}).open();
  EXPECT_EQ(with_text_model_prefix(whole), whole);
}

TEST(LdmNames, OldVaeAttentionNamesBecomeCurrent) {
  const auto vae = with_current_vae_names(SafetensorsFixture()
                                              .add("encoder.mid_block.attentions.0.query.weight", {1, 1}, {1})
                                              .add("encoder.mid_block.attentions.0.proj_attn.bias", {1}, {2})
                                              .add("quant_conv.weight", {1}, {3})
                                              .open());
  EXPECT_EQ(vae->names(),
            (std::vector<std::string>{"encoder.mid_block.attentions.0.to_out.0.bias",
                                      "encoder.mid_block.attentions.0.to_q.weight", "quant_conv.weight"}));
}

}  // namespace
}  // namespace limner
