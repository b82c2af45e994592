#include "base/sha256.h"

#include <gtest/gtest.h>

#include "base/files.h"

namespace limner {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// The examples of FIPS 180-2, appendix B.
TEST(Sha256, MatchesTheStandard) {
  EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex(bytes_of("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 hash;
  for (int i = 0; i < 1000; ++i) hash.update(bytes_of(std::string(1000, 'a')));
  EXPECT_EQ(hash.finish_hex(), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "limner_sha256_test";
  const std::string text(3 << 20, 'z');
  ASSERT_TRUE(write_file_atomically(path, bytes_of(text)));
  EXPECT_EQ(sha256_file(path).value(), sha256_hex(bytes_of(text)));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace limner
