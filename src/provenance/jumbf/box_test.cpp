#include "provenance/jumbf/box.h"

#include <gtest/gtest.h>

namespace limner {
namespace {

std::string leaf(std::string_view label) { return write_superbox("cbor", label, write_box("cbor", "{}")); }

TEST(Jumbf, WhatIsWrittenIsRead) {
  const std::string inner = leaf("inner");
  const std::string bytes = write_superbox("c2pa", "c2pa", inner + leaf("other"));
  const Result<Jumbf> box = read_jumbf(bytes, "store");
  ASSERT_TRUE(box) << box.error().text();
  EXPECT_EQ(box->kind, "c2pa");
  ASSERT_NE(box->find("inner"), nullptr);
  EXPECT_EQ(box->find("inner")->only_content("cbor"), "{}");
  EXPECT_EQ(box->find("inner")->only_content("json"), "");
  EXPECT_EQ(box->find("inner")->bytes, hashed_part(inner));
  EXPECT_EQ(box->find("missing"), nullptr);
}

TEST(Jumbf, EveryCutIsRefused) {
  const std::string bytes = write_superbox("c2pa", "c2pa", leaf("a"));
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(read_jumbf(std::string_view(bytes).substr(0, size), "store")) << size;
  EXPECT_FALSE(read_jumbf(bytes + "x", "store"));
}

TEST(Jumbf, SizesThatLieAreRefused) {
  const std::string bytes = write_superbox("c2pa", "c2pa", leaf("a"));
  for (const char size : {'\0', '\1', '\7', '\xFF'}) {
    std::string lying = bytes;
    lying[8 + 3] = size;  // of the description
    EXPECT_FALSE(read_jumbf(lying, "store")) << static_cast<int>(size);
  }
}

TEST(Jumbf, TwoBoxesOfOneLabelAreRefused) {
  EXPECT_FALSE(read_jumbf(write_superbox("c2pa", "c2pa", leaf("a") + leaf("a")), "store"));
}

TEST(Jumbf, DepthAndNumberAreBounded) {
  std::string deep = leaf("x");
  for (int i = 0; i <= kJumbfDepthMax; ++i) deep = write_superbox("c2pa", "x", deep);
  EXPECT_FALSE(read_jumbf(deep, "store"));
  std::string many;
  for (size_t i = 0; i < kJumbfBoxesMax; ++i) many += write_box("free", "");
  EXPECT_FALSE(read_jumbf(write_superbox("c2pa", "x", many), "store"));
}

}  // namespace
}  // namespace limner
