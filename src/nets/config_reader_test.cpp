#include "nets/config_reader.h"

#include <gtest/gtest.h>

#include "nets/limner_tiny_test.h"

namespace limner {
namespace {

using test::json_of;

ConfigReader reader(const Json& json) { return ConfigReader::open(json, "net/config.json").value(); }

TEST(ConfigReader, TakesOnlyObjects) {
  const Json list = json_of("[1]");
  const auto opened = ConfigReader::open(list, "net/config.json");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().field, "net/config.json");
}

TEST(ConfigReader, NullAndAbsentAreTheDefault) {
  const Json json = json_of(R"({"a": null})");
  ConfigReader config = reader(json);
  EXPECT_EQ(config.integer("a", 7, {1, 9}).value(), 7);
  EXPECT_EQ(config.integer("b", 7, {1, 9}).value(), 7);
  EXPECT_EQ(config.optional_integer("a", {1, 9}).value(), 0);
  EXPECT_EQ(config.choice("a", "x", {"x", "y"}).value(), "x");
  EXPECT_TRUE(config.is_null("a"));
  EXPECT_FALSE(config.is_null("b"));
  EXPECT_TRUE(config.finish());
}

TEST(ConfigReader, IntegersAreWholeAndBounded) {
  const Json json =
      json_of(R"({"whole": 8.0, "part": 8.5, "text": "8", "big": 10, "huge": 18446744073709551615,
                                "far": 1e300, "low": -1})");
  ConfigReader config = reader(json);
  EXPECT_EQ(config.integer("whole", 1, {1, 9}).value(), 8);
  for (const char* key : {"part", "text", "big", "huge", "far", "low"}) {
    const auto value = config.integer(key, 1, {1, 9});
    ASSERT_FALSE(value) << key;
    EXPECT_EQ(value.error().field, std::string("net/config.json: ") + key);
  }
}

TEST(ConfigReader, OneValueForAllOrOneEach) {
  const Json json =
      json_of(R"({"one": 3, "each": [1, 2], "more": [1, 2, 3], "flags": [true, false], "odd": [1, "2"]})");
  ConfigReader config = reader(json);
  EXPECT_EQ(config.integers("one", 1, 2, {1, 9}).value(), (std::vector<int64_t>{3, 3}));
  EXPECT_EQ(config.integers("each", 1, 2, {1, 9}).value(), (std::vector<int64_t>{1, 2}));
  EXPECT_FALSE(config.integers("more", 1, 2, {1, 9}));
  EXPECT_FALSE(config.integers("each", 1, 3, {1, 9}));
  EXPECT_FALSE(config.integers("odd", 1, 2, {1, 9}));
  EXPECT_EQ(config.flags("flags", false, 2).value(), (std::vector<bool>{true, false}));
  EXPECT_EQ(config.flags("none", true, 2).value(), (std::vector<bool>{true, true}));
  EXPECT_FALSE(config.flags("flags", false, 3));
}

TEST(ConfigReader, NumbersAreFinite) {
  const Json json =
      json_of(R"({"eps": 1e-5, "large": 1e300, "list": [0.5, 1], "long": [1, 2, 3], "far": [1e300, 1]})");
  ConfigReader config = reader(json);
  EXPECT_DOUBLE_EQ(config.number("eps", 0, 0, 1).value(), 1e-5);
  EXPECT_FALSE(config.number("large", 0, 0, 1));
  EXPECT_EQ(config.numbers("list", 2).value(), (std::vector<float>{0.5f, 1.0f}));
  EXPECT_FALSE(config.numbers("long", 2));
  EXPECT_FALSE(config.numbers("far", 2));
}

TEST(ConfigReader, ChoicesNameWhatIsSupported) {
  const Json json = json_of(R"({"act": "mish", "list": ["x", "z"]})");
  ConfigReader config = reader(json);
  const auto act = config.choice("act", "silu", {"silu", "gelu"});
  ASSERT_FALSE(act);
  EXPECT_EQ(act.error().code, Code::unsupported);
  EXPECT_EQ(act.error().text(), "net/config.json: act: \"mish\" is not supported; supported: silu, gelu");
  EXPECT_FALSE(config.choices("list", {}, 4, {"x", "y"}));
}

TEST(ConfigReader, OnlyOneValue) {
  const Json json = json_of(R"({"scale": 1, "dual": true})");
  ConfigReader config = reader(json);
  EXPECT_TRUE(config.only("scale", 1.0));
  EXPECT_TRUE(config.only("absent", false));
  EXPECT_FALSE(config.only("dual", false));
}

TEST(ConfigReader, NothingIsLeftUnread) {
  const Json json =
      json_of(R"({"_note": 1, "off": false, "none": null, "dropout": 0.1, "read": 2, "strange": "on"})");
  ConfigReader config = reader(json);
  EXPECT_TRUE(config.integer("read", 1, {1, 9}));
  config.no_effect({"dropout"});
  const auto finished = config.finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().field, "net/config.json: strange");
}

TEST(ConfigReader, LongValuesAreCutInMessages) {
  const Json json = {{"act", std::string(1000, 'x')}};
  ConfigReader config = reader(json);
  EXPECT_LT(config.choice("act", "silu", {"silu"}).error().message.size(), 200u);
}

}  // namespace
}  // namespace limner
