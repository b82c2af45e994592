#include "image/infotext.h"

#include <gtest/gtest.h>

#include <random>

namespace limner {
namespace {

const Infotext kExample{
    "a red apple\non a table",
    "blurry, low quality",
    {{"Steps", "20"}, {"Sampler", "DPM++ 2M Karras"}, {"CFG scale", "7"}, {"Size", "512x512"}}};

TEST(Infotext, LooksLikeA1111) {
  EXPECT_EQ(format_infotext(kExample),
            "a red apple\non a table\nNegative prompt: blurry, low quality\n"
            "Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Size: 512x512");
  EXPECT_EQ(*parse_infotext(format_infotext(kExample)), kExample);
}

TEST(Infotext, ValuesAreQuotedWhereTheReaderNeedsIt) {
  Infotext infotext = kExample;
  infotext.fields = {{"plain", "a-b c"},     {"comma", "a, b"},
                     {"colon", "a: b"},      {"line", "a\nb"},
                     {"quote", "\"a\""},     {"edge", " a "},
                     {"empty", ""},          {"backslash", "\\, \"x\""},
                     {"late quote", "a\"b"}, {"unicode", "\xE7\x8B\x90, \xF0\x9F\xA6\x8A"}};
  EXPECT_EQ(*parse_infotext(format_infotext(infotext)), infotext);
  EXPECT_NE(format_infotext(infotext).find("plain: a-b c, comma: \"a, b\""), std::string::npos);
}

TEST(Infotext, FewerThanThreeFieldsBelongToThePrompt) {
  const Infotext read = *parse_infotext("a fox\nSteps: 20, Seed: 1");
  EXPECT_EQ(read.prompt, "a fox\nSteps: 20, Seed: 1");
  EXPECT_TRUE(read.fields.empty());
  EXPECT_EQ(parse_infotext("Steps: 1, Seed: 2, Size: 8x8")->fields.size(), 3u);
}

TEST(Infotext, ForeignTextsAreRead) {
  const Infotext read = *parse_infotext(
      "  a fox  \n\nNegative prompt: cat\n dog \n"
      "Steps: 20, Hashes: {\"vae\": \"x\"}, broken, Lora hashes: \"a: 1, b: 2\", Tail: \"no end, Version: "
      "v1.9\n");
  EXPECT_EQ(read.prompt, "a fox\n");
  EXPECT_EQ(read.negative, "cat\ndog");
  const std::vector<std::pair<std::string, std::string>> expected = {{"Steps", "20"},
                                                                     {"Hashes", "{\"vae\": \"x\"}"},
                                                                     {"Lora hashes", "a: 1, b: 2"},
                                                                     {"Tail", "\"no end"},
                                                                     {"Version", "v1.9"}};
  EXPECT_EQ(read.fields, expected);
}

TEST(Infotext, AnyTextWithinTheRulesComesBack) {
  std::mt19937 random(1);
  const auto draw = [&](std::string_view alphabet, size_t length_max) {
    std::string text;
    for (size_t left = random() % (length_max + 1); left > 0; --left)
      text += alphabet[random() % alphabet.size()];
    return text;
  };
  for (int round = 0; round < 2000; ++round) {
    Infotext infotext{"p" + draw("ab,:\"\\ ", 20) + ".", "n" + draw("ab,:\"\\ ", 20) + ".", {}};
    for (int field = 0; field < 3; ++field)
      infotext.fields.emplace_back("k" + draw("aZ_9 -/", 5) + "x", draw("ab,:\"\\ \n\t\r", 12));
    const std::string text = format_infotext(infotext);
    EXPECT_EQ(*parse_infotext(text), infotext) << text;
  }
}

TEST(Infotext, HostileTextsAreBounded) {
  EXPECT_EQ(parse_infotext(std::string(2 << 20, 'a')).error().code, Code::too_large);
  std::string fields;
  for (int i = 0; i < 2000; ++i) fields += "kk: v, ";
  EXPECT_EQ(parse_infotext(fields).error().code, Code::too_large);
  // Quadratic matching would take minutes here.
  EXPECT_TRUE(parse_infotext(std::string(1 << 20, 'a')));
  std::string quotes;
  while (quotes.size() < 1000000) quotes += "aa: \"\\";
  EXPECT_TRUE(parse_infotext(quotes.substr(0, 6000)));
}

}  // namespace
}  // namespace limner
