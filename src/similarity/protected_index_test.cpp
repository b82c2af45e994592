#include "similarity/protected_index.h"

#include <gtest/gtest.h>

#include <random>

namespace limner {
namespace {

PdqHash random_hash(std::mt19937_64& random) {
  PdqHash hash;
  for (uint64_t& word : hash.words) word = random();
  return hash;
}

PdqHash with_flips(PdqHash hash, int flips, std::mt19937_64& random) {
  const PdqHash original = hash;
  while (hamming_distance(hash, original) < flips) {
    const uint64_t bit = random() % 256;
    hash.words[bit / 64] ^= uint64_t{1} << (bit % 64);
  }
  return hash;
}

// Random hashes with neighbours of every distance planted among them.
std::vector<PdqHash> planted(const PdqHash& query, size_t count, std::mt19937_64& random) {
  std::vector<PdqHash> hashes;
  for (size_t i = 0; i < count; ++i) hashes.push_back(random_hash(random));
  for (int distance = 0; distance <= 40; ++distance)
    hashes[random() % count] = with_flips(query, distance, random);
  return hashes;
}

TEST(HammingScan, EveryWayOfLookingFindsTheSame) {
  std::mt19937_64 random(1);
  for (const size_t count : {200u, 1003u, 5000u}) {
    const PdqHash query = random_hash(random);
    const std::vector<PdqHash> hashes = planted(query, count, random);
    const MultiIndex index(hashes);
    for (const int distance : {0, 1, 10, 31}) {
      const std::vector<NearHash> expected = scan_near_portable(hashes, query, distance);
      EXPECT_EQ(scan_near(hashes, query, distance), expected);
      EXPECT_EQ(index.near(query, distance), expected);
    }
    EXPECT_GE(scan_near(hashes, query, 31).size(), 20u);
  }
}

TEST(HammingScan, OfNothingIsNothing) {
  EXPECT_TRUE(scan_near({}, {}, 31).empty());
  EXPECT_TRUE(MultiIndex({}).near({}, 31).empty());
  const std::vector<PdqHash> three(3);
  EXPECT_EQ(scan_near(three, {}, 0).size(), 3u);
}

PdqHashes asked(const PdqHash& hash, int orientation, std::mt19937_64& random) {
  PdqHashes hashes;
  for (PdqHash& other : hashes.orientations) other = random_hash(random);
  hashes.orientations[static_cast<size_t>(orientation)] = hash;
  hashes.quality = 100;
  return hashes;
}

TEST(ProtectedIndex, JudgesByTheNearestInAnyOrientation) {
  std::mt19937_64 random(2);
  std::vector<ProtectedPicture> pictures;
  for (int i = 0; i < 500; ++i) pictures.push_back({random_hash(random), 90, "picture " + std::to_string(i)});
  const PdqHash target = pictures[321].hash;
  // With and without the index of many slots.
  for (const size_t scanned_max : {size_t{1000}, size_t{0}}) {
    const ProtectedIndex index(pictures, scanned_max);
    const struct {
      int flips;
      CopyVerdict verdict;
    } cases[] = {{0, CopyVerdict::copy},
                 {10, CopyVerdict::copy},
                 {11, CopyVerdict::review},
                 {31, CopyVerdict::review},
                 {32, CopyVerdict::none}};
    for (const auto& [flips, verdict] : cases) {
      const CopyReport report = index.check(asked(with_flips(target, flips, random), 5, random));
      EXPECT_EQ(report.verdict, verdict) << flips;
      if (verdict == CopyVerdict::none) continue;
      ASSERT_EQ(report.matches.size(), 1u);
      EXPECT_EQ(index.picture(report.matches[0].index).name, "picture 321");
      EXPECT_EQ(report.matches[0].distance, flips);
      EXPECT_EQ(report.matches[0].orientation, 5);
    }
  }
}

TEST(ProtectedIndex, AFlatPictureIsUncheckedNotInnocent) {
  std::mt19937_64 random(3);
  const ProtectedIndex index({{random_hash(random), 90, "a"}});
  PdqHashes hashes = asked(index.picture(0).hash, 0, random);
  hashes.quality = kPdqQualityMin - 1;
  EXPECT_EQ(index.check(hashes).verdict, CopyVerdict::unchecked);
  EXPECT_EQ(index.check(PdqHashes{}).verdict, CopyVerdict::unchecked);
}

TEST(ProtectedIndex, ManyOfTheSameAreFoundOnceEachNearestFirst) {
  std::mt19937_64 random(4);
  const PdqHash hash = random_hash(random);
  std::vector<ProtectedPicture> pictures(20000, {hash, 90, "same"});
  pictures[7000].hash = with_flips(hash, 3, random);
  PdqHashes hashes;
  hashes.orientations.fill(pictures[7000].hash);
  hashes.quality = 100;
  const CopyReport report = ProtectedIndex(pictures).check(hashes);
  EXPECT_EQ(report.matches.size(), pictures.size());
  EXPECT_EQ(report.matches[0].index, 7000u);
  EXPECT_EQ(report.matches[0].orientation, 0);
}

}  // namespace
}  // namespace limner
