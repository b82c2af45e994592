#include "tensor/component_files.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "tensor/safetensors_fixture.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

class ComponentFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  void write(const char* name, std::string_view text) {
    ASSERT_TRUE(write_file_atomically(folder_ / name, std::as_bytes(std::span(text))));
  }
  fs::path folder_;
};

TEST_F(ComponentFiles, PrefersTheFullFileToItsVariants) {
  SafetensorsFixture().add("w", {1}, {1}).write(folder_ / "model.fp16.safetensors");
  EXPECT_EQ(values_of(*open_component(folder_).value(), "w", {1}), std::vector<float>{1});
  SafetensorsFixture().add("w", {1}, {2}).write(folder_ / "model.safetensors");
  EXPECT_EQ(values_of(*open_component(folder_).value(), "w", {1}), std::vector<float>{2});
}

TEST_F(ComponentFiles, ReadsShards) {
  SafetensorsFixture().add("a", {1}, {1}).write(folder_ / "one.safetensors");
  SafetensorsFixture().add("b", {1}, {2}).write(folder_ / "two.safetensors");
  write("model.safetensors.index.json",
        R"({"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}})");
  const auto source = open_component(folder_).value();
  EXPECT_EQ(source->names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(values_of(*source, "b", {1}), std::vector<float>{2});
  source->release_pages();
  EXPECT_EQ(values_of(*source, "b", {1}), std::vector<float>{2});
  EXPECT_EQ(component_weight_files(folder_).value().size(), 2u);
}

TEST_F(ComponentFiles, RefusesShardsElsewhereAndPromisesNotKept) {
  SafetensorsFixture().add("a", {1}, {1}).write(folder_ / "one.safetensors");
  for (const char* place : {"../one.safetensors", "/etc/passwd", "..", "", "sub/one.safetensors"}) {
    write("model.safetensors.index.json", fmt::format(R"({{"weight_map": {{"a": "{}"}}}})", place));
    EXPECT_EQ(open_component(folder_).error().code, Code::invalid) << place;
  }
  write("model.safetensors.index.json", R"({"weight_map": {"z": "one.safetensors"}})");
  EXPECT_EQ(open_component(folder_).error().code, Code::not_found);
  write("model.safetensors.index.json", R"({"weight_map": {"z": "three.safetensors"}})");
  EXPECT_EQ(open_component(folder_).error().code, Code::not_found);
  for (const char* text :
       {"[]", "{}", R"({"weight_map": []})", R"({"weight_map": {"a": 1}})", R"({"weight_map": {}})"}) {
    write("model.safetensors.index.json", text);
    EXPECT_EQ(open_component(folder_).error().code, Code::invalid) << text;
  }
}

TEST_F(ComponentFiles, RefusesPicklesWithAReason) {
  EXPECT_EQ(open_component(folder_).error().code, Code::not_found);
  write("pytorch_model.bin", "PK");
  EXPECT_EQ(open_component(folder_).error().code, Code::unsupported);
  EXPECT_NE(open_component(folder_).error().text().find("pickle"), std::string::npos);
  EXPECT_EQ(open_component(folder_ / "nowhere").error().code, Code::not_found);
}

TEST_F(ComponentFiles, OneFileIsKnownByItsOwnDigest) {
  write("a", "abc");
  write("b", "");
  const std::vector<fs::path> files{folder_ / "a", folder_ / "b"};
  EXPECT_EQ(weights_sha256(std::span(files).first(1)).value(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(weights_sha256(files).value().size(), 64u);
  EXPECT_NE(weights_sha256(files).value(), weights_sha256(std::span(files).first(1)).value());
}

}  // namespace
}  // namespace limner
