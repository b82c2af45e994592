// Models whose files can be read, and which no picture can be drawn with: refused before anything is drawn.

#include <filesystem>

#include "base/files.h"
#include "base/json.h"
#include "engine/limner_tiny_drawings_test.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

/// The default model with one entry of a config file changed.
fs::path tiny_with(const std::string& part, const char* key, const Json& value) {
  const fs::path folder = fs::path(testing::TempDir()) / ("tiny-" + part + "-" + key);
  fs::remove_all(folder);
  fs::copy(kTinyPath, folder, fs::copy_options::recursive);
  const fs::path config = folder / part / "config.json";
  Json json = parse_json(read_file(config, 1 << 20).value(), "config").value();
  json[key] = value;
  const std::string text = json.dump();
  EXPECT_TRUE(write_file_atomically(config, std::as_bytes(std::span(text))));
  return folder;
}

TEST(RefusedModels, AUnetThatWantsAClass) {
  const Result<ModelCard> card = describe(tiny_with("unet", "num_class_embeds", 10), {.dtype = "f32"});
  ASSERT_FALSE(card);
  EXPECT_EQ(card.error().code, Code::unsupported);
  EXPECT_NE(card.error().message.find("classes"), std::string::npos);
}

TEST(RefusedModels, AnAutoencoderOfOtherThanColours) {
  for (const char* key : {"in_channels", "out_channels"}) {
    const Result<ModelCard> card = describe(tiny_with("vae", key, 4), {.dtype = "f32"});
    ASSERT_FALSE(card) << key;
    EXPECT_EQ(card.error().code, Code::unsupported) << key;
    EXPECT_NE(card.error().message.find("3 channels"), std::string::npos) << card.error().message;
  }
}

}  // namespace
}  // namespace limner
