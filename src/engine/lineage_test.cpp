#include "engine/lineage.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/sha256.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

std::string digest(std::string_view text) { return sha256_hex(std::as_bytes(std::span(text))); }

class LineageTest : public testing::Test {
 protected:
  void SetUp() override {
    folder = fs::path(testing::TempDir()) / "lineage-model";
    fs::remove_all(folder);
    fs::create_directories(folder / "unet");
    write("unet/a.safetensors", "weights");
    json = {{"format", 1},
            {"data",
             {{"holds", "drawings"},
              {"sources",
               {{{"package", "@made/up"},
                 {"version", "1.2.3"},
                 {"registry", "npm"},
                 {"sha256", digest("package")},
                 {"licence", "MIT"},
                 {"attribution", "Copyright (c) Somebody"},
                 {"source", "https://example.org"},
                 {"style", "flat"}}}}}},
            {"size", "full"},
            {"stages",
             {{"unet",
               {{"steps", 12}, {"samples", 384}, {"seconds", 1.5}, {"loss", 0.25}, {"heard", {{"a", 1}}}}},
              {"text", {{"loss", nullptr}}}}},
            {"weights_sha256", {{"unet/a.safetensors", digest("weights")}}}};
  }
  void TearDown() override { fs::remove_all(folder); }

  void write(const fs::path& name, const std::string& text) {
    std::ofstream(folder / name, std::ios::binary) << text;
  }
  Result<std::optional<Lineage>> read() {
    write("lineage.json", json.dump());
    return read_lineage(folder);
  }
  void refuses(const std::string& saying) {
    const Result<std::optional<Lineage>> got = read();
    ASSERT_FALSE(got) << saying;
    EXPECT_NE(got.error().text().find(saying), std::string::npos) << got.error().text();
    EXPECT_TRUE(got.error().field.starts_with("lineage.json")) << got.error().field;
  }
  LineageMatch match(bool remembered_only = false) {
    Result<std::optional<Lineage>> got = read();
    EXPECT_TRUE(got && *got);
    check_lineage_weights(**got, folder, remembered_only);
    return (*got)->weights.at(0).match;
  }

  fs::path folder;
  Json json;
};

TEST_F(LineageTest, SaysWhatTheRecipeWrote) {
  const Result<std::optional<Lineage>> got = read();
  ASSERT_TRUE(got && *got) << got.error().text();
  const Lineage& lineage = **got;
  EXPECT_EQ(lineage.holds, "drawings");
  ASSERT_EQ(lineage.sources.size(), 1u);
  EXPECT_EQ(lineage.sources[0].package, "@made/up");
  EXPECT_EQ(lineage.sources[0].licence, "MIT");
  ASSERT_EQ(lineage.stages.size(), 2u);
  EXPECT_EQ(lineage.stages[0].name, "unet");
  EXPECT_EQ(lineage.stages[0].samples, 384);
  EXPECT_EQ(lineage.stages[0].loss, 0.25);
  EXPECT_EQ(lineage.stages[1].loss, std::nullopt);
  const Json said = lineage_json(lineage);
  EXPECT_EQ(said["sources"][0]["version"], "1.2.3");
  EXPECT_EQ(said["weights"][0]["match"], "unchecked");
}

TEST_F(LineageTest, ModelsNeedNotHaveOne) {
  const Result<std::optional<Lineage>> without = read_lineage(folder);
  ASSERT_TRUE(without);
  EXPECT_FALSE(*without);
  const Result<std::optional<Lineage>> file = read_lineage(folder / "unet/a.safetensors");
  ASSERT_TRUE(file);
  EXPECT_FALSE(*file);
}

TEST_F(LineageTest, ComparesWeights) {
  EXPECT_EQ(match(), LineageMatch::matches);
  write("unet/a.safetensors", "Weights");
  EXPECT_EQ(match(), LineageMatch::differs);
  fs::remove(folder / "unet/a.safetensors");
  EXPECT_EQ(match(), LineageMatch::missing);
  EXPECT_EQ(match(/*remembered_only=*/true), LineageMatch::missing);
}

TEST_F(LineageTest, ReadsNothingWhereOnlyWhatIsRememberedIsAskedFor) {
  write("unet/a.safetensors", "weights never seen before");
  EXPECT_EQ(match(/*remembered_only=*/true), LineageMatch::unchecked);
}

TEST_F(LineageTest, RefusesWhatStandsForNothing) {
  const Json good = json;
  const auto with = [&](const char* pointer, const Json& value) {
    json = good;
    json[Json::json_pointer(pointer)] = value;
  };
  with("/format", 2);
  refuses("format");
  with("/data", 3);
  refuses("\"data\" is not an object");
  with("/data/sources", Json::object());
  refuses("\"sources\" is not a list");
  with("/data/sources/0", "a package");
  refuses("sources[0]: is no object");
  with("/data/sources/0/licence", nullptr);
  refuses("\"licence\" is not a text");
  with("/data/sources/0/sha256", "ABC");
  refuses("hexadecimal");
  with("/data/holds", std::string(3000, 'x'));
  refuses("more than 2000 bytes");
  with("/stages", Json::array());
  refuses("\"stages\" is not an object");
  with("/stages/unet", 1);
  refuses("stages: unet");
  with("/stages/unet/samples", "many");
  refuses("\"samples\" is no number");
  with("/stages/unet/samples", 1e30);
  refuses("\"samples\" is no number");
  with("/weights_sha256", Json::array());
  refuses("weights_sha256");
  with("/weights_sha256", {{"unet/a.safetensors", 5}});
  refuses("hexadecimal");
  json = good;
  json["data"]["sources"] = Json(std::vector<Json>(300, good["data"]["sources"][0]));
  refuses("more than 256 entries");
  json = good;
  json.erase("stages");
  refuses("has no \"stages\"");
  json = Json::array();
  refuses("is no object");
}

TEST_F(LineageTest, FilesStayInTheFolder) {
  for (const char* path : {"../a.safetensors", "/a.safetensors", "unet/../../a.safetensors",
                           "./a.safetensors", "unet//", "", "config.json"}) {
    json["weights_sha256"] = {{path, digest("weights")}};
    refuses("is not the path of a .safetensors file in the folder");
  }
}

TEST_F(LineageTest, RefusesWhatIsNoJson) {
  write("lineage.json", "{");
  EXPECT_FALSE(read_lineage(folder));
  write("lineage.json", std::string(2 << 20, ' '));
  const Result<std::optional<Lineage>> large = read_lineage(folder);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Code::too_large);
  fs::remove(folder / "lineage.json");
  fs::create_directory(folder / "lineage.json");
  EXPECT_FALSE(read_lineage(folder));
}

}  // namespace
}  // namespace limner
