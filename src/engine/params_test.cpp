#include "engine/params.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/infotext_params.h"

namespace limner {
namespace {

TEST(ParamTable, NamesAreUniqueAndDocumented) {
  std::set<std::string_view> names;
  for (const ParamInfo& info : param_table()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_FALSE(info.doc.empty()) << info.name;
    EXPECT_EQ(find_param(info.name), &info);
  }
}

TEST(ParamTable, EveryRowRefusesWhatItDoesNotAllow) {
  for (const ParamInfo& info : param_table()) {
    const bool text = std::holds_alternative<std::string DrawingParams::*>(info.member) ||
                      std::holds_alternative<std::optional<std::string> DrawingParams::*>(info.member);
    DrawingParams params;
    const std::string bad = text ? std::string(100'000, 'x') : "nan";
    const Result<void> set = set_param(params, info, bad);
    ASSERT_FALSE(set) << info.name;
    EXPECT_EQ(set.error().field, info.name);
    if (!text) {
      EXPECT_FALSE(set_param(params, info, "-1"));
      EXPECT_FALSE(set_param(params, info, "1e999"));
      EXPECT_FALSE(set_param(params, info, "1 "));
      EXPECT_FALSE(set_param(params, info, ""));
    }
  }
}

TEST(ParamJson, ComesBackWhole) {
  DrawingParams params;
  params.prompt = "a \"red\" apple";
  params.negative = "";
  params.width = 512;
  params.steps = 7;
  params.seed = 18446744073709551615u;
  params.guidance = 7.25;
  params.sampler = "euler";
  params.tile = "xy";
  const Json json = params_to_json(params);
  const Result<DrawingParams> again = params_from_json(json, "file");
  ASSERT_TRUE(again);
  EXPECT_EQ(params_to_json(*again), json);
  EXPECT_EQ(*again->seed, 18446744073709551615u);
  EXPECT_TRUE(again->negative.has_value());
  EXPECT_FALSE(again->height.has_value());
}

TEST(ParamJson, RefusesUnknownKeysAndWrongTypes) {
  EXPECT_FALSE(params_from_json(Json::parse(R"({"prompt": "x", "stepz": 3})"), "file"));
  EXPECT_FALSE(params_from_json(Json::parse(R"({"prompt": 3})"), "file"));
  EXPECT_FALSE(params_from_json(Json::parse(R"({"steps": [3]})"), "file"));
  EXPECT_FALSE(params_from_json(Json::parse(R"({"steps": 3.5})"), "file"));
  EXPECT_FALSE(params_from_json(Json::parse(R"([])"), "file"));
}

TEST(CheckParams, WantsOptionsThatAgree) {
  DrawingParams params;
  params.variation_strength = 0.5;
  EXPECT_FALSE(check_params(params));
  params.variation_seed = 3;
  EXPECT_TRUE(check_params(params));
  params.guidance_start = 0.9;
  params.guidance_end = 0.1;
  EXPECT_FALSE(check_params(params));
}

TEST(CheckNamesOnly, RefusesPaths) {
  DrawingParams params;
  EXPECT_TRUE(check_names_only(params));
  params.hires_upscaler = "4x_foolhardy-Remacri v2.1";
  EXPECT_TRUE(check_names_only(params));
  for (const char* path : {"/etc/passwd", "../up", "up/x", "", ".hidden", "a\nb", "\xc3\xa9"}) {
    params.hires_upscaler = path;
    const Result<void> checked = check_names_only(params);
    ASSERT_FALSE(checked) << path;
    EXPECT_EQ(checked.error().field, "hires_upscaler");
  }
}

TEST(InfotextParams, ComeBack) {
  DrawingParams params;
  params.prompt = "a fox\nin the snow";
  params.negative = "blurry";
  params.width = 640;
  params.height = 512;
  params.steps = 20;
  params.sampler = "dpmpp_2m";
  params.schedule = "karras";
  params.guidance = 6.5;
  params.seed = 5;
  params.noise = "philox";
  params.clip_skip = 2;
  std::vector<std::string> ignored;
  const Result<DrawingParams> again = params_from_infotext(infotext_from_params(params), ignored);
  ASSERT_TRUE(again);
  EXPECT_TRUE(ignored.empty());
  EXPECT_EQ(again->prompt, params.prompt);
  EXPECT_EQ(again->width, params.width);
  EXPECT_EQ(again->guidance, params.guidance);
  EXPECT_EQ(again->noise, "philox");
  EXPECT_EQ(again->clip_skip, 2);
}

TEST(InfotextParams, ReadsWhatA1111Writes) {
  const Result<Infotext> infotext = parse_infotext(
      "a (red:1.2) apple\nNegative prompt: blurry\nSteps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG "
      "scale: 7, "
      "Seed: 42, Size: 512x768, Model hash: abc, Model: v1-5, Version: v1.10.1");
  ASSERT_TRUE(infotext);
  std::vector<std::string> ignored;
  const Result<DrawingParams> params = params_from_infotext(*infotext, ignored);
  ASSERT_TRUE(params) << params.error().text();
  EXPECT_EQ(params->prompt_syntax, "a1111");
  EXPECT_EQ(*params->height, 768);
  EXPECT_EQ(*params->seed, 42u);
  EXPECT_EQ(ignored, (std::vector<std::string>{"Model hash", "Model", "Version"}));
}

}  // namespace
}  // namespace limner
