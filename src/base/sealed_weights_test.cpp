#include "base/sealed_weights.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/aead.h"
#include "base/crypto.h"
#include "base/files.h"
#include "base/mapped_file.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

/// Master keys that are 32 times one letter, whose id is 16 times that letter.
class LetterKeys final : public WeightKeys {
 public:
  explicit LetterKeys(std::string letters) : letters_(std::move(letters)) {}
  std::string wraps_by() override { return std::string(16, letters_[0]); }
  Result<std::string> wrap(std::string_view secret, std::string_view bound) override {
    std::string wrapped = random_bytes(kAeadNonceBytes);
    const std::string nonce = wrapped;
    Aes256Gcm(std::string(32, letters_[0])).seal(nonce, bound, secret, wrapped);
    return wrapped;
  }
  Result<std::string> unwrap(std::string_view wrapped, std::string_view bound, std::string_view by) override {
    if (letters_.find(by[0]) == std::string::npos) return Error{Code::unavailable, "key", "is not here", ""};
    std::string secret;
    if (!Aes256Gcm(std::string(32, by[0]))
             .open(wrapped.substr(0, kAeadNonceBytes), bound, wrapped.substr(kAeadNonceBytes), secret))
      return Error{Code::data_loss, "key", "is not what was wrapped", ""};
    return secret;
  }

 private:
  const std::string letters_;  ///< the first wraps
};

class SealedWeightsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "limner-weights-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    use("a");
  }
  void TearDown() override {
    set_weight_keys({});
    fs::remove_all(folder_);
  }
  static void use(const std::string& letters) {
    set_weight_keys([letters]() -> Result<std::shared_ptr<WeightKeys>> {
      return std::shared_ptr<WeightKeys>(std::make_shared<LetterKeys>(letters));
    });
  }
  fs::path file(const std::string& bytes) {
    const fs::path path = folder_ / "weights";
    EXPECT_TRUE(write_file_atomically(path, as_bytes(bytes)));
    return path;
  }
  static std::string contents(const fs::path& path) { return read_file(path, 1u << 30).value(); }
  static Result<std::string> opened(const fs::path& path) {
    const std::shared_ptr<const MappedFile> mapped = TRY(MappedFile::open(path));
    // As those do that read weights: pages come back.
    mapped->release_pages();
    return std::string(reinterpret_cast<const char*>(mapped->bytes().data()), mapped->bytes().size());
  }

  fs::path folder_;
  LetterKeys keys_{"a"};
};

TEST_F(SealedWeightsTest, OpenAsWhatTheyWere) {
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{65535}, size_t{65536}, size_t{65537}, size_t{3'000'000}}) {
    const std::string plain = random_bytes(size);
    const fs::path path = file(plain);
    const std::string digest = weights_file_sha256(path).value();
    ASSERT_TRUE(seal_weights(path, keys_).value());
    EXPECT_FALSE(seal_weights(path, keys_).value());
    EXPECT_TRUE(is_sealed_weights(path).value());
    if (size > 16) {
      EXPECT_EQ(contents(path).find(plain.substr(0, 16)), std::string::npos);
    }
    EXPECT_EQ(opened(path).value(), plain) << size;
    EXPECT_EQ(weights_file_sha256(path).value(), digest);
    ASSERT_TRUE(unseal_weights(path).value());
    EXPECT_FALSE(unseal_weights(path).value());
    EXPECT_EQ(contents(path), plain);
  }
}

TEST_F(SealedWeightsTest, NothingThatWasChangedOpens) {
  const fs::path path = file(random_bytes(70'000));
  ASSERT_TRUE(seal_weights(path, keys_));
  const std::string sealed = contents(path);
  for (const size_t at : {size_t{8}, size_t{16}, size_t{47}, size_t{48}, size_t{64}, size_t{100}, size_t{200},
                          size_t{65'000}, sealed.size() - 1}) {
    std::string changed = sealed;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    file(changed);
    const Result<std::string> answer = opened(path);
    ASSERT_FALSE(answer) << at;
    EXPECT_NE(answer.error().text().find("weights"), std::string::npos) << answer.error().text();
  }
  for (const size_t length : {sealed.size() - 1, size_t{300}, size_t{200}, size_t{100}, size_t{9}}) {
    file(sealed.substr(0, length));
    EXPECT_EQ(opened(path).error().code, Code::data_loss) << length;
  }
  file(sealed + "x");
  EXPECT_EQ(opened(path).error().code, Code::data_loss);
}

TEST_F(SealedWeightsTest, WithoutTheKeyThereIsAnErrorThatSaysSo) {
  const fs::path path = file("weights");
  ASSERT_TRUE(seal_weights(path, keys_));
  use("b");
  EXPECT_EQ(opened(path).error().code, Code::unavailable);
  set_weight_keys({});
  EXPECT_EQ(opened(path).error().field, "encryption.master_key");
}

TEST_F(SealedWeightsTest, ARotationWritesTheHeaderAlone) {
  const std::string plain = random_bytes(100'000);
  const fs::path path = file(plain);
  ASSERT_TRUE(seal_weights(path, keys_));
  const std::string before = contents(path);
  LetterKeys both("ba");
  EXPECT_TRUE(rewrap_weights(path, both).value());
  EXPECT_FALSE(rewrap_weights(path, both).value());
  const std::string after = contents(path);
  EXPECT_EQ(after.substr(0, 48), before.substr(0, 48));
  EXPECT_EQ(after.substr(200), before.substr(200));
  EXPECT_EQ(after.find(std::string(16, 'a')), std::string::npos);
  EXPECT_EQ(opened(path).error().code, Code::unavailable);
  use("b");
  EXPECT_EQ(opened(path).value(), plain);
  // One that was ended between its two writes opens with either, and is carried on with.
  const std::string slot_of_old = before.substr(48, 76);
  std::string ended = after;
  ended.replace(after.substr(48, 16) == std::string(16, 'b') ? 124 : 48, 76, slot_of_old);
  file(ended);
  EXPECT_EQ(opened(path).value(), plain);
  use("a");
  EXPECT_EQ(opened(path).value(), plain);
  EXPECT_TRUE(rewrap_weights(path, both).value());
  EXPECT_EQ(opened(path).error().code, Code::unavailable);
}

TEST_F(SealedWeightsTest, WhatALinkLeadsToIsSealed) {
  const fs::path path = file("weights"), link = folder_ / "link";
  fs::create_symlink(path, link);
  ASSERT_TRUE(seal_weights(link, keys_).value());
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_TRUE(looks_sealed_weights(contents(path)));
}

}  // namespace
}  // namespace limner
