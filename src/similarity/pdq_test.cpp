#include "similarity/pdq.h"

#include <gtest/gtest.h>

#include <random>

#include "image/codec.h"
#include "image/resize.h"

namespace limner {
namespace {

// Blobs of colour: much to see, and different for every seed.
Picture scene(int width, int height, unsigned seed) {
  std::minstd_rand random(seed);
  Picture picture{width, height, 3, {}};
  picture.pixels.assign(static_cast<size_t>(width) * static_cast<size_t>(height) * 3, 60);
  for (int blob = 0; blob < 40; ++blob) {
    const int x0 = static_cast<int>(random() % 1000) * width / 1000,
              y0 = static_cast<int>(random() % 1000) * height / 1000;
    const int radius = height / 30 + static_cast<int>(random() % 1000) * height / 6000;
    const uint8_t colour[3] = {static_cast<uint8_t>(random()), static_cast<uint8_t>(random()),
                               static_cast<uint8_t>(random())};
    for (int y = std::max(0, y0 - radius); y < std::min(height, y0 + radius); ++y)
      for (int x = std::max(0, x0 - radius); x < std::min(width, x0 + radius); ++x)
        if ((x - x0) * (x - x0) + (y - y0) * (y - y0) < radius * radius)
          std::copy_n(colour, 3, picture.row(y) + 3 * x);
  }
  return picture;
}

TEST(Pdq, TextIsTheReferencesAndComesBack) {
  PdqHash hash;
  hash.words = {0x0123456789abcdefu, 1, 2, 0xf000000000000000u};
  const std::string text = pdq_text(hash);
  EXPECT_EQ(text, "f000000000000000000000000000000200000000000000010123456789abcdef");
  EXPECT_EQ(pdq_from_text(text, "pdq").value(), hash);
  EXPECT_FALSE(pdq_from_text("F" + text.substr(1), "pdq"));
  EXPECT_FALSE(pdq_from_text(text + "0", "pdq"));
  EXPECT_FALSE(pdq_from_text("", "pdq"));
}

TEST(Pdq, HalfOfTheBitsAreSet) {
  const PdqHash hash = pdq_hashes(scene(200, 150, 1)).orientations[0];
  EXPECT_EQ(hamming_distance(hash, PdqHash{}), 128);
}

TEST(Pdq, OrientationsAreThoseOfTheTurnedPicture) {
  const Picture picture = scene(190, 190, 2);
  const PdqHashes hashes = pdq_hashes(picture);
  for (int orientation = 1; orientation < 8; ++orientation) {
    Picture turned = picture;
    for (int y = 0; y < 190; ++y)
      for (int x = 0; x < 190; ++x) {
        int to_x = orientation & 1 ? 189 - x : x, to_y = orientation & 2 ? 189 - y : y;
        if (orientation & 4) std::swap(to_x, to_y);
        std::copy_n(picture.row(y) + 3 * x, 3, turned.row(to_y) + 3 * to_x);
      }
    EXPECT_EQ(hashes.orientations[static_cast<size_t>(orientation)], pdq_hashes(turned).orientations[0])
        << orientation;
  }
}

TEST(Pdq, StaysNearUnderCompressionAndResizing) {
  const Picture picture = scene(400, 300, 3);
  const PdqHash hash = pdq_hashes(picture).orientations[0];
  const auto jpeg = encode_picture(picture, {Format::jpeg, 50, "", ""});
  EXPECT_LE(hamming_distance(hash, pdq_hashes(decode_picture(*jpeg, "p").value()).orientations[0]), kPdqCopy);
  for (const int width : {200, 320, 700})
    EXPECT_LE(
        hamming_distance(
            hash,
            pdq_hashes(resize(picture, width, width * 3 / 4, ResizeFilter::bicubic).value()).orientations[0]),
        kPdqMatch);
}

TEST(Pdq, DistinctPicturesAreFarApart) {
  std::vector<PdqHash> hashes;
  for (unsigned seed = 0; seed < 60; ++seed)
    hashes.push_back(pdq_hashes(scene(128, 128, seed + 10)).orientations[0]);
  for (size_t i = 0; i < hashes.size(); ++i)
    for (size_t j = 0; j < i; ++j) EXPECT_GT(hamming_distance(hashes[i], hashes[j]), 60);
}

TEST(Pdq, FlatAndTinyPicturesHaveNoQuality) {
  EXPECT_EQ(pdq_hashes({}).quality, 0);
  EXPECT_EQ(pdq_hashes({4, 100, 3, std::vector<uint8_t>(1200, 9)}).quality, 0);
  EXPECT_EQ(pdq_hashes({100, 100, 3, std::vector<uint8_t>(30000, 77)}).quality, 0);
  EXPECT_EQ(pdq_hashes({5, 5, 1, std::vector<uint8_t>(25, 1)}).quality, 0);
  EXPECT_GE(pdq_hashes(scene(300, 300, 5)).quality, kPdqQualityMin);
}

}  // namespace
}  // namespace limner
