#include "watermark/key_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <span>
#include <string>

#include "base/files.h"

namespace limner {
namespace {

class KeyFile : public testing::Test {
 protected:
  KeyFile() : folder_(std::filesystem::temp_directory_path() / ("limner-key-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~KeyFile() override { std::filesystem::remove_all(folder_); }

  Error error_of(std::string_view text) {
    const auto path = folder_ / "bad.key";
    EXPECT_TRUE(write_file_atomically(path, std::as_bytes(std::span(text))));
    const Result<WatermarkKey> key = read_watermark_key(path);
    return key ? Error{Code::internal, "", "accepted", ""} : key.error();
  }

  std::filesystem::path folder_;
};

TEST_F(KeyFile, IsMadeOnceForItsOwnerOnly) {
  const auto path = folder_ / "new" / "watermark.key";
  const Result<WatermarkKey> made = open_watermark_key(path);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ(made->secret.size(), 32u);
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(open_watermark_key(path)->secret, made->secret);
  EXPECT_NE(open_watermark_key(folder_ / "other.key")->secret, made->secret);
}

TEST_F(KeyFile, MissingIsNotMadeByReading) {
  EXPECT_EQ(read_watermark_key(folder_ / "none.key").error().code, Code::not_found);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "none.key"));
}

TEST_F(KeyFile, SaysWhatIsWrong) {
  const std::string secret(64, 'a');
  EXPECT_EQ(error_of(R"({"version":1,"label":1,"secret":")" + secret + R"("})").message, "accepted");
  EXPECT_NE(error_of(R"({"version":2,"label":1,"secret":")" + secret + R"("})").field.find("version"),
            std::string::npos);
  EXPECT_NE(error_of(R"({"version":1,"label":256,"secret":")" + secret + R"("})").field.find("label"),
            std::string::npos);
  EXPECT_NE(error_of(R"({"version":1,"label":1,"secret":"abc"})").field.find("secret"), std::string::npos);
  EXPECT_NE(
      error_of(R"({"version":1,"label":1,"secret":")" + std::string(64, 'G') + R"("})").field.find("secret"),
      std::string::npos);
  EXPECT_EQ(error_of("[1]").code, Code::invalid);
  EXPECT_EQ(error_of("").code, Code::invalid);
}

}  // namespace
}  // namespace limner
