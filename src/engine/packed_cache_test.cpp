// Weights that are kept are taken for what they say they are: of these files, this network, this build.

#include "engine/packed_cache.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/build_id.h"
#include "base/files.h"
#include "engine/limner_tiny_drawings_test.h"
#include "engine/model.h"
#include "engine/packed_place.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

class PackedCache : public testing::Test {
 protected:
  PackedCache() : folder_(fs::path(testing::TempDir()) / "packed-cache") {
    fs::remove_all(folder_);
    if (const char* before = std::getenv("XDG_CACHE_HOME")) before_ = before;
    ::setenv("XDG_CACHE_HOME", folder_.c_str(), 1);
  }
  ~PackedCache() override {
    if (before_.empty())
      ::unsetenv("XDG_CACHE_HOME");
    else
      ::setenv("XDG_CACHE_HOME", before_.c_str(), 1);
  }

  static std::vector<uint8_t> drawn_anew() {
    const ModelPtr model = load_tiny();
    return pixels_of_the_rest(*opened(*model, small_brief("euler", 2)));
  }
  std::vector<fs::path> kept_files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder_ / "limner/packed")) files.push_back(entry.path());
    return files;
  }
  static std::string content(const fs::path& file) { return read_file(file, size_t{1} << 30).value(); }
  static void write(const fs::path& file, const std::string& text) {
    ASSERT_TRUE(write_file_atomically(file, std::as_bytes(std::span(text))));
  }

  fs::path folder_;
  std::string before_;
};

TEST_F(PackedCache, IsKeyedByContentBuildAndInstructionSet) {
  const ModelPtr model = load_tiny();
  const PackedPlace place = packed_place(*model, "digest", "unet");
  EXPECT_NE(place.key.find("digest\nunet\nf32\n" + std::string(model->backend().description())),
            std::string::npos)
      << place.key;
  EXPECT_TRUE(place.key.ends_with("\n" + build_id("libdnnl"))) << place.key;
  EXPECT_NE(packed_place(*model, "another", "unet").path, place.path);
  EXPECT_NE(packed_place(*model, "digest", "vae").path, place.path);
}

// Its numbers would be seen in the picture.
TEST_F(PackedCache, OfAnotherBuildIsRefusedAndWrittenOver) {
  const std::vector<uint8_t> before = drawn_anew();
  {
    const ModelPtr model = load_tiny();
    ASSERT_TRUE(keep_packed(*model));
  }
  const std::vector<fs::path> files = kept_files();
  ASSERT_EQ(files.size(), 3u);
  const std::string id = build_id("no such library");
  std::vector<std::string> whole;
  for (const fs::path& file : files) {
    whole.push_back(content(file));
    std::string stale = whole.back();
    const size_t at = stale.find(id);
    ASSERT_NE(at, std::string::npos) << "the file says which build wrote it";
    stale[at] = stale[at] == '0' ? '1' : '0';
    // Zeros instead of weights.
    std::fill(stale.begin() + static_cast<ptrdiff_t>(stale.size() / 2), stale.end(), '\0');
    write(file, stale);
  }
  EXPECT_EQ(drawn_anew(), before) << "refused";
  const ModelPtr model = load_tiny();
  ASSERT_TRUE(keep_packed(*model));
  EXPECT_EQ(kept_files().size(), files.size());
  for (size_t i = 0; i < files.size(); ++i) EXPECT_EQ(content(files[i]), whole[i]) << "made again";
  EXPECT_EQ(drawn_anew(), before);
}

TEST_F(PackedCache, OfFilesThatHaveChangedIsNotFound) {
  const fs::path folder = fs::path(testing::TempDir()) / "packed-cache-model";
  fs::remove_all(folder);
  fs::copy(kTinyPath, folder, fs::copy_options::recursive);
  const auto digest_now = [&] {
    Result<ModelPtr> model = load(folder, {.dtype = "f32", .threads = 1});
    EXPECT_TRUE(model) << model.error().text();
    return model_hash(**model);
  };
  const std::string before = digest_now();
  for (const auto& entry : fs::recursive_directory_iterator(folder / "unet")) {
    if (entry.path().extension() != ".safetensors") continue;
    const fs::file_time_type date = fs::last_write_time(entry.path());
    std::string bytes = content(entry.path());
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    write(entry.path(), bytes);
    fs::last_write_time(entry.path(), date);
  }
  EXPECT_NE(digest_now(), before) << "size and date are as they were";
}

}  // namespace
}  // namespace limner
