#include "similarity/protected_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <span>
#include <string>
#include <thread>

#include "base/files.h"

namespace limner {
namespace {

class ProtectedFileTest : public testing::Test {
 protected:
  ProtectedFileTest()
      : folder_(std::filesystem::temp_directory_path() / ("limner-protected-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~ProtectedFileTest() override { std::filesystem::remove_all(folder_); }

  std::string bytes() const { return read_file(path_, 1 << 20).value(); }
  void write(std::string_view text) {
    ASSERT_TRUE(write_file_atomically(path_, std::as_bytes(std::span(text))));
  }
  static Result<ProtectedFile> parse(std::string_view text) {
    return parse_protected_file(std::as_bytes(std::span(text)), "index");
  }

  std::filesystem::path folder_, path_ = folder_ / "protected.pdq";
};

std::vector<ProtectedPicture> some(int first, int count) {
  std::vector<ProtectedPicture> pictures;
  for (int i = first; i < first + count; ++i) {
    PdqHash hash;
    hash.words = {static_cast<uint64_t>(i) * 0x9e3779b97f4a7c15u, 1, 2, static_cast<uint64_t>(i)};
    pictures.push_back({hash, 50 + i % 50, "folder/picture " + std::to_string(i) + ".png"});
  }
  return pictures;
}

TEST_F(ProtectedFileTest, KeepsWhatIsAppendedInItsOrder) {
  std::vector<ProtectedPicture> all = some(0, 3);
  ASSERT_TRUE(append_protected(path_, all));
  ASSERT_TRUE(append_protected(path_, {}));
  ASSERT_TRUE(append_protected(path_, some(3, 2)));
  const Result<ProtectedFile> file = read_protected_file(path_);
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(file->pictures, some(0, 5));
  EXPECT_EQ(file->torn_bytes, 0u);
}

TEST_F(ProtectedFileTest, AnAppendCutShortAnywhereLosesOnlyItself) {
  ASSERT_TRUE(append_protected(path_, some(0, 2)));
  const size_t before = bytes().size();
  ASSERT_TRUE(append_protected(path_, some(2, 1)));
  const std::string whole = bytes();
  for (size_t length = before; length < whole.size(); ++length) {
    const Result<ProtectedFile> file = parse(std::string_view(whole).substr(0, length));
    ASSERT_TRUE(file) << length << file.error().text();
    EXPECT_EQ(file->pictures, some(0, 2)) << length;
    EXPECT_EQ(file->torn_bytes, length - before);
  }
  write(std::string_view(whole).substr(0, whole.size() - 7));
  ASSERT_TRUE(append_protected(path_, some(9, 1)));
  const Result<ProtectedFile> mended = read_protected_file(path_);
  ASSERT_TRUE(mended) << mended.error().text();
  ASSERT_EQ(mended->pictures.size(), 3u);
  EXPECT_EQ(mended->pictures[2], some(9, 1)[0]);
}

TEST_F(ProtectedFileTest, EveryFlippedBitIsNoticed) {
  ASSERT_TRUE(append_protected(path_, some(0, 2)));
  const std::string whole = bytes();
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 4);
    const Result<ProtectedFile> file = parse(changed);
    // Reserved bytes of the header apart; a larger count looks like an append cut short, and says so.
    if (i >= 12 && i < 16) continue;
    EXPECT_TRUE(!file || file->torn_bytes > 0) << i;
  }
}

TEST_F(ProtectedFileTest, RefusesWhatItIsNot) {
  EXPECT_EQ(parse("PNG something else").error().code, Code::invalid);
  ASSERT_TRUE(append_protected(path_, {}));
  std::string other = bytes();
  other[8] = 2;
  EXPECT_EQ(parse(other).error().code, Code::unsupported);
  EXPECT_EQ(read_protected_file(folder_ / "none").error().code, Code::not_found);
  write("not an index at all");
  EXPECT_FALSE(append_protected(path_, some(0, 1)));
  EXPECT_EQ(bytes(), "not an index at all");
}

TEST_F(ProtectedFileTest, RefusesRecordsThatCannotBe) {
  std::vector<ProtectedPicture> pictures = some(0, 1);
  pictures[0].quality = 101;
  EXPECT_EQ(append_protected(path_, pictures).error().field, "quality");
  pictures = some(0, 1);
  pictures[0].name.assign(kProtectedNameMax + 1, 'x');
  EXPECT_EQ(append_protected(path_, pictures).error().field, "name");
}

TEST_F(ProtectedFileTest, ManyMayAppendAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i) EXPECT_TRUE(append_protected(path_, some(10 * t + i, 1)));
    });
  for (std::thread& thread : threads) thread.join();
  const Result<ProtectedFile> file = read_protected_file(path_);
  ASSERT_TRUE(file) << file.error().text();
  EXPECT_EQ(file->pictures.size(), 20u);
}

}  // namespace
}  // namespace limner
