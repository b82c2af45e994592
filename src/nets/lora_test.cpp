#include "nets/lora.h"

#include <gtest/gtest.h>

#include "nets/lora_names.h"
#include "tensor/safetensors_fixture.h"

namespace limner {
namespace {

std::shared_ptr<const LoraFile> lora_of(const SafetensorsFixture& fixture) {
  Result<std::shared_ptr<const LoraFile>> file = LoraFile::make(fixture.open("style.safetensors"));
  if (!file) throw std::runtime_error(file.error().text());
  return std::move(file).value();
}

std::string error_of(const SafetensorsFixture& fixture) {
  const auto file = LoraFile::make(fixture.open("style.safetensors"));
  return file ? "accepted" : file.error().text();
}

// W [2, 3] of zeros, a rank 1 change with up (1, 2) and down (1, 10, 100).
constexpr const char* kModule = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q";
std::shared_ptr<const WeightSource> base() {
  return SafetensorsFixture()
      .add(fmt::format("{}.weight", kModule), {2, 3}, std::vector<float>(6))
      .add(fmt::format("{}.bias", kModule), {2}, {0, 0})
      .open();
}
const std::vector<float> kChange{1, 10, 100, 2, 20, 200};

SafetensorsFixture change(const std::string& down, const std::string& up) {
  return SafetensorsFixture().add(down, {1, 3}, {1, 10, 100}).add(up, {2, 1}, {1, 2});
}

std::vector<float> merged(std::vector<LoraUse> uses, LoraTarget target = LoraTarget::unet) {
  return values_of(*with_loras(base(), target, std::move(uses)), fmt::format("{}.weight", kModule), {2, 3});
}

std::vector<float> scaled(float factor) {
  std::vector<float> values = kChange;
  for (float& value : values) value *= factor;
  return values;
}

TEST(Lora, EveryWritersNamesAreUnderstood) {
  const std::string flat = flat_name(kModule);
  const std::string attention = std::string(kModule).substr(0, std::string(kModule).rfind('.'));
  const std::pair<std::string, std::string> writers[] = {
      {"lora_unet_" + flat + ".lora_down.weight", "lora_unet_" + flat + ".lora_up.weight"},
      {fmt::format("unet.{}.lora_A.weight", kModule), fmt::format("unet.{}.lora_B.weight", kModule)},
      {fmt::format("{}.lora_A.weight", kModule), fmt::format("{}.lora_B.weight", kModule)},
      {fmt::format("base_model.model.{}.lora_A.weight", kModule),
       fmt::format("base_model.model.{}.lora_B.weight", kModule)},
      {fmt::format("unet.{}.lora.down.weight", kModule), fmt::format("unet.{}.lora.up.weight", kModule)},
      {fmt::format("unet.{}.processor.to_q_lora.down.weight", attention),
       fmt::format("unet.{}.processor.to_q_lora.up.weight", attention)},
      {fmt::format("{}.processor.to_q_lora.down.weight", attention),
       fmt::format("{}.processor.to_q_lora.up.weight", attention)},
  };
  for (const auto& [down, up] : writers) {
    const auto file = lora_of(change(down, up));
    const LoraBase bases[] = {{LoraTarget::unet, base()}};
    const LoraMatch match = match_lora(*file, bases).value();
    EXPECT_EQ(match.matched, 1u) << down;
    EXPECT_TRUE(match.unmatched.empty()) << down;
    EXPECT_EQ(merged({{file, 1}}), kChange) << down;
  }
}

TEST(Lora, LdmNamesComeFromTheLayout) {
  const auto unet = SafetensorsFixture()
                        .add("down_blocks.0.resnets.0.norm1.weight", {1}, {0})
                        .add("down_blocks.1.resnets.0.norm1.weight", {1}, {0})
                        .add("down_blocks.1.attentions.0.transformer_blocks.0.norm1.weight", {1}, {0})
                        .add("down_blocks.1.attentions.0.proj_in.weight", {1, 1}, {0})
                        .open();
  EXPECT_EQ(lora_names(*unet, LoraTarget::unet).at("lora_unet_input_blocks_3_1_proj_in"),
            "down_blocks.1.attentions.0.proj_in");
}

TEST(Lora, TextEncodersAreToldApart) {
  const auto text =
      SafetensorsFixture().add("text_model.encoder.layers.0.self_attn.q_proj.weight", {1, 1}, {0}).open();
  const LoraNames first = lora_names(*text, LoraTarget::text_encoder);
  const LoraNames second = lora_names(*text, LoraTarget::text_encoder_2);
  for (const char* name : {"lora_te_text_model_encoder_layers_0_self_attn_q_proj",
                           "lora_te1_text_model_encoder_layers_0_self_attn_q_proj",
                           "text_encoder_text_model_encoder_layers_0_self_attn_to_q"}) {
    EXPECT_TRUE(first.contains(name)) << name;
    EXPECT_FALSE(second.contains(name)) << name;
  }
  EXPECT_TRUE(second.contains("lora_te2_text_model_encoder_layers_0_self_attn_q_proj"));
  EXPECT_TRUE(second.contains("text_encoder_2_text_model_encoder_layers_0_self_attn_q_proj"));
}

TEST(Lora, ScaledByAlphaAndWeightAndSummed) {
  const std::string name = fmt::format("unet.{}", kModule);
  SafetensorsFixture fixture = change(name + ".lora_down.weight", name + ".lora_up.weight");
  const auto plain = lora_of(fixture);
  const auto halved = lora_of(fixture.add(name + ".alpha", {}, {0.5f}));
  EXPECT_EQ(merged({{halved, 1}}), scaled(0.5f));
  EXPECT_EQ(merged({{plain, -2}}), scaled(-2));
  EXPECT_EQ(merged({{plain, 1}, {halved, 4}}), scaled(3));
  EXPECT_EQ(merged({{plain, 1}}, LoraTarget::text_encoder), scaled(0));
}

TEST(Lora, PeftKeepsAlphaInMetadata) {
  const auto with = [](const char* metadata) {
    SafetensorsFixture fixture =
        change(fmt::format("unet.{}.lora_A.weight", kModule), fmt::format("unet.{}.lora_B.weight", kModule));
    fixture.metadata({{"lora_adapter_metadata", metadata}});
    return fixture;
  };
  EXPECT_EQ(merged({{lora_of(with(R"({\"unet.lora_alpha\": 3})")), 1}}), scaled(3));
  EXPECT_EQ(
      merged(
          {{lora_of(with(R"({\"unet.lora_alpha\": 3, \"unet.alpha_pattern\": {\"attn1.to_q\": 5}})")), 1}}),
      scaled(5));
  EXPECT_EQ(merged({{lora_of(with(R"({\"text_encoder.lora_alpha\": 3})")), 1}}), scaled(1));
  EXPECT_NE(error_of(with(R"({\"unet.lora_alpha\": 3, \"unet.use_dora\": true})")).find("DoRA"),
            std::string::npos);
  EXPECT_NE(error_of(with(R"({\"unet.lora_alpha\": []})")).find("wrong type"), std::string::npos);
  EXPECT_NE(error_of(with("[")).find("JSON"), std::string::npos);
}

TEST(Lora, DifferencesOfWeightAndBias) {
  const std::string name = "lora_unet_" + flat_name(kModule);
  const auto file =
      lora_of(SafetensorsFixture().add(name + ".diff", {2, 3}, kChange).add(name + ".diff_b", {2}, {3, 4}));
  EXPECT_EQ(merged({{file, 2}}), scaled(2));
  const auto weights = with_loras(base(), LoraTarget::unet, {{file, 2}});
  EXPECT_EQ(values_of(*weights, fmt::format("{}.bias", kModule), {2}), (std::vector<float>{6, 8}));
}

TEST(Lora, WhatMatchesNothingIsListed) {
  SafetensorsFixture fixture =
      change("lora_unet_elsewhere.lora_down.weight", "lora_unet_elsewhere.lora_up.weight");
  const auto file = lora_of(fixture.add("bundle_emb.x", {1}, {0}));
  const LoraBase bases[] = {{LoraTarget::unet, base()}};
  const LoraMatch match = match_lora(*file, bases).value();
  EXPECT_EQ(match.matched, 0u);
  EXPECT_EQ(match.unmatched, (std::vector<std::string>{"bundle_emb.x", "lora_unet_elsewhere"}));
  const std::shared_ptr<const WeightSource> weights = base();
  EXPECT_EQ(with_loras(weights, LoraTarget::unet, {{file, 1}}), weights);
}

TEST(Lora, AnotherFamilysShapesAreRefused) {
  const std::string name = fmt::format("unet.{}", kModule);
  const auto file = lora_of(SafetensorsFixture()
                                .add(name + ".lora_A.weight", {1, 4}, {1, 2, 3, 4})
                                .add(name + ".lora_B.weight", {2, 1}, {1, 2}));
  const LoraBase bases[] = {{LoraTarget::unet, base()}};
  EXPECT_NE(match_lora(*file, bases).error().text().find("another family"), std::string::npos);
  EXPECT_FALSE(
      with_loras(base(), LoraTarget::unet, {{file, 1}})->get(fmt::format("{}.weight", kModule), {2, 3}));
}

TEST(Lora, OtherFilesAreRefused) {
  EXPECT_NE(error_of(SafetensorsFixture().add("conv_in.weight", {1}, {0})).find("is no LoRA"),
            std::string::npos);
  EXPECT_NE(error_of(SafetensorsFixture().add("a.lora_A.weight", {1, 1}, {0})).find("lacks"),
            std::string::npos);
  EXPECT_NE(error_of(change("a.lora_A.weight", "a.lora_B.weight").add("a.lora_down.weight", {1, 1}, {0}))
                .find("twice"),
            std::string::npos);
  EXPECT_NE(error_of(change("a.lora_A.weight", "a.lora_B.weight").add("a.dora_scale", {1}, {0})).find("DoRA"),
            std::string::npos);
  EXPECT_NE(
      error_of(change("a.lora_A.weight", "a.lora_B.weight").add("a.alpha", {}, {INFINITY})).find("finite"),
      std::string::npos);
}

}  // namespace
}  // namespace limner
