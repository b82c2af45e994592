#include "nets/controlnet.h"

#include <gtest/gtest.h>

#include "nets/limner_tiny_test.h"
#include "nets/unet.h"

namespace limner {
namespace {

using test::json_of;

constexpr const char* kSd1Controlnet = R"({"_class_name": "ControlNetModel", "cross_attention_dim": 768})";

Result<ControlNetConfig> read_controlnet(const Json& json) {
  return read_controlnet_config(json, "controlnet/config.json");
}

TEST(ControlNet, HasThePublishedSize) {
  const auto config = read_controlnet(json_of(kSd1Controlnet));
  ASSERT_TRUE(config) << config.error().text();
  EXPECT_EQ(config.value().condition_scale(), 8);
  EXPECT_EQ(test::parameter_count(describe_controlnet(config.value(), {})), 361279120);
}

TEST(ControlNet, OutputsFitTheUnetsInputs) {
  const auto unet = read_unet_config(json_of(R"({"cross_attention_dim": 768})"), "unet/config.json").value();
  const Graph takes = describe_unet(unet, {.batch = 2, .height = 7, .width = 9, .control_residuals = true});
  const Graph gives = describe_controlnet(read_controlnet(json_of(kSd1Controlnet)).value(),
                                          {.batch = 2, .height = 7, .width = 9});
  std::vector<Shape> taken, given;
  for (const Node& node : takes.nodes()) {
    const auto* input = std::get_if<op::Input>(&node.op);
    if (input && input->name.starts_with("control_")) taken.push_back(node.shape);
  }
  for (const GraphOutput& output : gives.outputs()) given.push_back(gives.shape(output.value));
  EXPECT_EQ(given, taken);
}

TEST(ControlNet, PooledResidualsKeepTheirShapes) {
  Json json = json_of(kSd1Controlnet);
  const Graph plain = describe_controlnet(read_controlnet(json).value(), {});
  json["global_pool_conditions"] = true;
  const Graph pooled = describe_controlnet(read_controlnet(json).value(), {});
  EXPECT_EQ(test::output_texts(pooled), test::output_texts(plain));
}

TEST(ControlNet, DeclaresConditionAndScaleLast) {
  const auto inputs = test::input_texts(
      describe_controlnet(read_controlnet(json_of(kSd1Controlnet)).value(), {.batch = 2, .scaled = true}));
  ASSERT_EQ(inputs.size(), 5u);
  EXPECT_EQ(inputs[3], "condition [2, 512, 512, 3]");
  EXPECT_EQ(inputs[4], "scale [2, 13]");
}

TEST(ControlNet, RefusesWhatItCannotCompute) {
  const struct {
    const char* key;
    const char* value;
  } kCases[] = {{"_class_name", R"("ControlNetUnionModel")"},
                {"conditioning_channels", "0"},
                {"conditioning_embedding_out_channels", "[16, 100000]"},
                {"controlnet_conditioning_channel_order", R"("rbg")"},
                {"encoder_hid_dim", "768"},
                {"mid_block_type", "null"},
                {"num_attention_heads", "7"},
                {"num_control_type", "6"}};
  for (const auto& [key, value] : kCases) {
    Json json = json_of(kSd1Controlnet);
    json[key] = json_of(value);
    const auto config = read_controlnet(json);
    ASSERT_FALSE(config) << key;
    // Heads that do not fit are reported under the name that most configs give them.
    const std::string named = std::string_view(key) == "num_attention_heads" ? "attention_head_dim" : key;
    EXPECT_EQ(config.error().field, "controlnet/config.json: " + named) << config.error().text();
  }
  Json json = json_of(kSd1Controlnet);
  json["controlnet_conditioning_channel_order"] = "bgr";
  json["conditioning_channels"] = 1;
  EXPECT_FALSE(read_controlnet(json));
}

}  // namespace
}  // namespace limner
