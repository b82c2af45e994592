#include "registry/catalogue.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "base/crypto.h"
#include "base/files.h"
#include "provenance/local_chain.h"
#include "registry/tiny_model_test.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

/// A model folder of our own, which is the only one the environment names.
class CatalogueOfFolders : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("limner-catalogue-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    setenv("LIMNER_MODELS", folder_.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("LIMNER_MODELS");
    fs::remove_all(folder_);
  }
  void put_model(const std::string& name) { fs::create_directory_symlink(kTinyModel, folder_ / name); }
  void put_file(const std::string& name) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << "x";
  }
  static ModelEntry entry(const std::string& name, std::vector<std::string> aliases = {}) {
    ModelEntry made;
    made.name = name;
    made.aliases = std::move(aliases);
    made.path = kTinyModel;
    return made;
  }
  static bool lists(const Catalogue& catalogue, const std::string& name) {
    return std::ranges::count(catalogue.list(), name, &ModelEntry::name) == 1;
  }
  static std::vector<std::string> names(const std::vector<AdapterEntry>& adapters) {
    std::vector<std::string> all;
    for (const AdapterEntry& adapter : adapters) all.push_back(adapter.name);
    return all;
  }

  fs::path folder_;
};

TEST_F(CatalogueOfFolders, TakesWhatIsSigned) {
  const fs::path keys = folder_ / "keys", lora = folder_ / "loras/ink.safetensors";
  put_file("loras/ink.safetensors");
  put_file("upscalers/large.safetensors");
  put_file("scratch/theirs.safetensors");
  ASSERT_TRUE(make_chain(keys, {}, SystemClock().now()));
  CatalogueConfig config;
  EXPECT_TRUE(Catalogue(config).check_signed(lora)) << "nobody asked for signatures";
  config.signatures = {read_model_trust(keys / "root.pem").value(), false, folder_ / "scratch"};
  EXPECT_TRUE(Catalogue(config).check_signed(lora)) << "it need not be signed";
  EXPECT_TRUE(Catalogue(config).find_adapter(AdapterKind::upscaler, "large", "upscaler"));
  config.signatures.required = true;
  const Catalogue strict(config);
  EXPECT_EQ(strict.check_signed(lora).error().code, Code::forbidden);
  EXPECT_EQ(strict.find_adapter(AdapterKind::upscaler, "large", "upscaler").error().code, Code::forbidden);
  EXPECT_TRUE(strict.check_signed(folder_ / "scratch/theirs.safetensors"));
  for (const char* name : {"loras/ink.safetensors", "upscalers/large.safetensors"}) {
    const std::string bundle = sign_model(folder_ / name, keys).value();
    ASSERT_TRUE(write_file_atomically(model_signature_path(folder_ / name), as_bytes(bundle)));
  }
  EXPECT_TRUE(strict.check_signed(lora));
  EXPECT_TRUE(strict.find_adapter(AdapterKind::upscaler, "large", "upscaler"));
  std::ofstream(folder_ / "upscalers/large.safetensors") << "another one";
  EXPECT_EQ(strict.find_adapter(AdapterKind::upscaler, "large", "upscaler").error().code, Code::data_loss);
}

TEST_F(CatalogueOfFolders, IsReadAgainOnRefresh) {
  put_model("one");
  Catalogue catalogue({});
  EXPECT_TRUE(lists(catalogue, "one"));
  EXPECT_FALSE(lists(catalogue, "two"));
  put_model("two");
  EXPECT_FALSE(lists(catalogue, "two"));
  catalogue.refresh();
  EXPECT_TRUE(lists(catalogue, "two"));
  EXPECT_EQ(catalogue.find("two")->path, fs::canonical(folder_) / "two");
  EXPECT_GT(catalogue.find("two")->created, 0);
}

TEST_F(CatalogueOfFolders, ConfiguredModelsGoFirstAndHideFoundOnes) {
  put_model("apple");
  put_model("pear");
  put_model("fig");
  ModelEntry pear = entry("pear", {"fig", "default"});
  pear.dtype = "f32";
  const Catalogue catalogue({{pear}, ""});
  EXPECT_EQ(catalogue.list().front().name, "pear");
  EXPECT_EQ(catalogue.find("pear")->path, kTinyModel);
  EXPECT_EQ(catalogue.find("fig")->name, "pear") << "an alias of the configuration wins over a folder";
  EXPECT_EQ(catalogue.find("default")->name, "pear");
  EXPECT_EQ(catalogue.find("")->name, "pear");
  EXPECT_EQ(catalogue.find("apple")->name, "apple");
  EXPECT_FALSE(lists(catalogue, "fig"));
}

TEST_F(CatalogueOfFolders, TheDefaultMayBeAnAliasOrAFoundModel) {
  put_model("apple");
  EXPECT_EQ(Catalogue({{entry("a", {"b"})}, "b"}).default_model(), "a");
  EXPECT_EQ(Catalogue({{entry("a", {"b"})}, "apple"}).default_model(), "apple");
}

TEST_F(CatalogueOfFolders, OnlyNamesAreFound) {
  put_model("apple");
  put_model(".hidden");
  put_model("new\nline");
  const Catalogue catalogue({});
  for (const std::string& name :
       {std::string("../apple"), (folder_ / "apple").string(), std::string("models/apple"),
        std::string(".hidden"), std::string("new\nline"), std::string("no such"), std::string("a\0b", 3)}) {
    const Result<ModelEntry> found = catalogue.find(name);
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().code, Code::not_found);
    EXPECT_EQ(found.error().field, "model");
    EXPECT_NE(found.error().message.find("apple"), std::string::npos);
  }
}

TEST_F(CatalogueOfFolders, AdaptersLieInFoldersOfTheirKind) {
  put_file("loras/ink.safetensors");
  put_file("loras/readme.md");
  put_file("loras/.hidden.safetensors");
  put_file("loras/deep/below.safetensors");
  put_file("embeddings/cat.safetensors");
  put_file("upscalers/4x v1.safetensors");
  put_file("controlnets/canny/config.json");
  put_file("controlnets/depth.safetensors");
  put_file("controlnets/empty/readme.md");
  put_file("vaes/ema/config.json");
  const Catalogue catalogue({});
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(catalogue.list_adapters(AdapterKind::lora)), Names{"ink"});
  EXPECT_EQ(names(catalogue.list_adapters(AdapterKind::embedding)), Names{"cat"});
  EXPECT_EQ(names(catalogue.list_adapters(AdapterKind::controlnet)), (Names{"canny", "depth"}));
  EXPECT_EQ(names(catalogue.list_adapters(AdapterKind::vae)), Names{"ema"});
  EXPECT_TRUE(std::ranges::count(names(catalogue.list_adapters(AdapterKind::upscaler)), "4x v1"));
  EXPECT_EQ(catalogue.find_adapter(AdapterKind::lora, "ink", "loras")->path,
            fs::canonical(folder_) / "loras/ink.safetensors");
  for (const char* name : {"cat", "../embeddings/cat", "ink.safetensors", ""}) {
    const Result<AdapterEntry> found = catalogue.find_adapter(AdapterKind::lora, name, "loras");
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().field, "loras");
  }
}

TEST_F(CatalogueOfFolders, CardsAreDescribedOnceAndByTheirName) {
  const Catalogue catalogue({{entry("brush")}, ""});
  const Result<ModelCard> first = catalogue.card(*catalogue.find("brush"));
  ASSERT_TRUE(first) << first.error().text();
  EXPECT_EQ(first->info.name, "brush");
  EXPECT_GT(first->weight_bytes, 0u);
  EXPECT_EQ(catalogue.card(*catalogue.find("brush"))->unpacked, first->unpacked);
  EXPECT_NE(catalogue.card(*catalogue.find("brush"), {.dtype = "f32"})->unpacked, first->unpacked);
  EXPECT_FALSE(catalogue.card(*catalogue.find("brush"), {.loras = {{"no such file", 1}}}));
}

TEST_F(CatalogueOfFolders, RemoteModelsHaveNoCard) {
  ModelEntry far;
  far.name = "far";
  far.provider = ProviderConfig{.url = "https://example.org/v1"};
  const Catalogue catalogue({{far}, ""});
  const Result<ModelCard> card = catalogue.card(*catalogue.find("far"));
  ASSERT_FALSE(card);
  EXPECT_EQ(card.error().code, Code::unsupported);
}

TEST_F(CatalogueOfFolders, RefusesConfigurationsThatContradictThemselves) {
  const auto refused = [](std::vector<ModelEntry> models, const std::string& by_default = "") {
    return !Catalogue::check({std::move(models), by_default});
  };
  EXPECT_FALSE(refused({entry("a", {"b"}), entry("c")}));
  EXPECT_TRUE(refused({entry("a"), entry("a")}));
  EXPECT_TRUE(refused({entry("a", {"b"}), entry("b")}));
  EXPECT_TRUE(refused({entry("a", {"b"}), entry("c", {"b"})}));
  EXPECT_TRUE(refused({entry("a", {"a"})}));
  EXPECT_TRUE(refused({entry("../a")}));
  EXPECT_TRUE(refused({entry("")}));
  EXPECT_TRUE(refused({entry("a", {"b/c"})}));
  EXPECT_TRUE(refused({entry("a")}, "x/y"));
  ModelEntry wrong = entry("a");
  wrong.path.clear();
  EXPECT_TRUE(refused({wrong})) << "neither path nor provider";
  wrong = entry("a");
  wrong.provider = ProviderConfig{};
  EXPECT_TRUE(refused({wrong})) << "both";
  wrong = entry("a");
  wrong.sha256 = std::string(63, 'a');
  EXPECT_TRUE(refused({wrong}));
  wrong.sha256 = std::string(64, 'A');
  EXPECT_TRUE(refused({wrong}));
  wrong = entry("a");
  wrong.dtype = "int8";
  EXPECT_TRUE(refused({wrong}));
  wrong = entry("a");
  wrong.fallback = "a";
  EXPECT_TRUE(refused({wrong}));
}

}  // namespace
}  // namespace limner
