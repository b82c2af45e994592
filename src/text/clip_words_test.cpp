#include "text/clip_words.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

using Words = std::vector<std::u32string_view>;

TEST(ClipWords, NormalisesComposedSpacedLowered) {
  EXPECT_EQ(normalize_clip_text(U" A\t\n B\u3000E\u0301 "), U" a b é ");
}

TEST(ClipWords, SplitsLettersNumbersAndTheRest) {
  EXPECT_EQ(split_clip_words(U"a fox, 42 (red)!"),
            (Words{U"a", U"fox", U",", U"4", U"2", U"(", U"red", U")!"}));
}

TEST(ClipWords, SplitsContractions) {
  EXPECT_EQ(split_clip_words(U"it's we'll o'neil ''s"),
            (Words{U"it", U"'s", U"we", U"'ll", U"o", U"'", U"neil", U"''", U"s"}));
}

TEST(ClipWords, UnrecognisedSpecialsFallApart) {
  EXPECT_EQ(split_clip_words(U"a<|endoftext|>!! !<|startoftext|>"),
            (Words{U"a", U"<|", U"endoftext", U"|>", U"!!", U"!<|", U"startoftext", U"|>"}));
}

}  // namespace
}  // namespace limner
