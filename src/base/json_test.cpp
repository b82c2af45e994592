#include "base/json.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

TEST(ParseJson, KeepsTheOrderOfKeys) {
  const Result<Json> json = parse_json(R"({"b": 1, "a": [2, "x\"{"]})", "file");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->dump(), R"({"b":1,"a":[2,"x\"{"]})");
}

TEST(ParseJson, RefusesWhatIsTooDeepTooWideTooLongOrBroken) {
  EXPECT_FALSE(parse_json(std::string(100, '['), "file"));
  EXPECT_FALSE(parse_json("[1, 2", "file"));
  EXPECT_FALSE(parse_json("\xff", "file"));
  EXPECT_FALSE(parse_json("[1]", "file", {.bytes_max = 2}));
  const Result<Json> wide = parse_json(R"({"a":1,"b":2,"c":{"d":3}})", "file", {.keys_max = 2});
  ASSERT_FALSE(wide);
  EXPECT_EQ(wide.error().field, "file");
  EXPECT_TRUE(parse_json(R"([{"a":1},{"b":2},{"c":3}])", "file", {.keys_max = 1}));
}

TEST(ParseJson, ReadsPythonsNonFiniteNumbersAsNullWhenAsked) {
  const std::string text = R"({"a": -Infinity, "b": NaN, "c": "NaN \"Infinity"})";
  EXPECT_FALSE(parse_json(text, "file"));
  const Result<Json> json = parse_json(text, "file", {.non_finite_as_null = true});
  ASSERT_TRUE(json);
  EXPECT_EQ(json->dump(), R"({"a":null,"b":null,"c":"NaN \"Infinity"})");
}

}  // namespace
}  // namespace limner
