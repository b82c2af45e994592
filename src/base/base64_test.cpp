#include <gtest/gtest.h>

#include "base/crypto.h"

namespace limner {
namespace {

// RFC 4648, section 10.
constexpr std::pair<const char*, const char*> kVectors[] = {{"", ""},
                                                            {"f", "Zg=="},
                                                            {"fo", "Zm8="},
                                                            {"foo", "Zm9v"},
                                                            {"foob", "Zm9vYg=="},
                                                            {"fooba", "Zm9vYmE="},
                                                            {"foobar", "Zm9vYmFy"}};

TEST(Base64, MatchesTheStandard) {
  for (const auto& [bytes, text] : kVectors) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text, "image", 100).value(), bytes);
  }
}

TEST(Base64, EveryByteComesBackInEitherAlphabet) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (size_t length = 250; length <= 256; ++length) {
    const std::string_view part = std::string_view(bytes).substr(0, length);
    EXPECT_EQ(from_base64(to_base64(part), "image", 256).value(), part);
    const std::string url_safe = to_base64url(part);
    EXPECT_EQ(url_safe.find_first_of("+/="), url_safe.npos);
    EXPECT_EQ(from_base64(url_safe, "image", 256).value(), part);
  }
}

TEST(Base64, SkipsWhiteSpaceAndMissingPadding) {
  EXPECT_EQ(from_base64("Zm9v\r\n YmE =", "image", 5).value(), "fooba");
  EXPECT_EQ(from_base64("Zm9vYmE", "image", 5).value(), "fooba");
}

TEST(Base64, RefusesWhatIsNotBase64) {
  for (const char* text : {"Z", "Zm9vY", "Zm9v====", "Zg=", "Zg===", "=Zg=", "Zg==Zg==", "Zm9*", "Zm9v\x80",
                           "data:image/png;base64,Zm9v", "Zh=="}) {
    const Result<std::string> bytes = from_base64(text, "image", 100);
    ASSERT_FALSE(bytes) << text;
    EXPECT_EQ(bytes.error().code, Code::invalid);
    EXPECT_EQ(bytes.error().field, "image");
  }
}

TEST(Base64, IsBounded) {
  EXPECT_TRUE(from_base64("Zm9v", "image", 3));
  const Result<std::string> bytes = from_base64("Zm9vYg==", "image", 3);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, Code::too_large);
}

}  // namespace
}  // namespace limner
