#include "base/aead.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace limner {
namespace {

std::string from_hex_digits(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

const std::string kNonce(kAeadNonceBytes, '\1');

// McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13, 14 and 16.
TEST(Aes256Gcm, IsThePublishedOne) {
  std::string out;
  Aes256Gcm zero(std::string(32, '\0'));
  zero.seal(std::string(12, '\0'), {}, {}, out);
  EXPECT_EQ(to_hex(out), "530f8afbc74536b9a963b4f1c4cb738b");
  out.clear();
  zero.seal(std::string(12, '\0'), {}, std::string(16, '\0'), out);
  EXPECT_EQ(to_hex(out), "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
  out.clear();
  Aes256Gcm cipher(from_hex_digits("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"));
  cipher.seal(from_hex_digits("cafebabefacedbaddecaf888"),
              from_hex_digits("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
              from_hex_digits("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                              "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"),
              out);
  EXPECT_EQ(to_hex(out),
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
            "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
            "76fc6ece0f4e1768cddf8853bb2d551b");
}

TEST(Aes256Gcm, OpensWhatItSealed) {
  Aes256Gcm cipher(std::string(32, 'k'));
  for (const std::string& plain : {std::string(), std::string("x"), std::string(100'000, 'y')}) {
    std::string sealed = "before";
    cipher.seal(kNonce, "about", plain, sealed);
    ASSERT_EQ(sealed.size(), 6 + plain.size() + kAeadTagBytes);
    std::string opened = "and";
    EXPECT_TRUE(cipher.open(kNonce, "about", std::string_view(sealed).substr(6), opened));
    EXPECT_EQ(opened, "and" + plain);
  }
}

TEST(Aes256Gcm, OpensNothingElse) {
  Aes256Gcm cipher(std::string(32, 'k')), other(std::string(32, 'o'));
  std::string sealed, out = "kept";
  cipher.seal(kNonce, "about", "secret", sealed);
  EXPECT_FALSE(other.open(kNonce, "about", sealed, out));
  EXPECT_FALSE(cipher.open(std::string(12, '\2'), "about", sealed, out));
  EXPECT_FALSE(cipher.open(kNonce, "abouT", sealed, out));
  EXPECT_FALSE(cipher.open(kNonce, "about", std::string_view(sealed).substr(0, 21), out));
  EXPECT_FALSE(cipher.open(kNonce, "about", "short", out));
  EXPECT_FALSE(cipher.open(kNonce, "about", {}, out));
  for (size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(cipher.open(kNonce, "about", changed, out)) << bit;
  }
  EXPECT_EQ(out, "kept");
  EXPECT_TRUE(cipher.open(kNonce, "about", sealed, out));
  EXPECT_EQ(out, "keptsecret");
}

TEST(Wipe, LeavesNothing) {
  std::string secret = "secret";
  wipe(secret);
  EXPECT_TRUE(secret.empty());
}

}  // namespace
}  // namespace limner
