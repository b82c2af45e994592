#include "sampling/noise/seed_sequence.h"

#include <gtest/gtest.h>

#include <vector>

namespace limner {
namespace {

// Expected words: numpy 2.4.6, SeedSequence(entropy, spawn_key=key, pool_size=24).generate_state(4)[0].
struct Case {
  uint64_t entropy;
  std::vector<uint64_t> key;
  uint32_t word;
};

TEST(SeedSequence, IsNumpys) {
  const Case cases[] = {{0, {}, 0xeff41bd6},
                        {42, {}, 0x171c9ae3},
                        {42, {0, 0}, 0x7d4a3fcb},
                        {7, {1, 1}, 0x02275846},
                        {(uint64_t{1} << 32) + 42, {5, 3}, 0x7eff1b83},
                        {~uint64_t{0}, {(uint64_t{1} << 33) + 7, 34}, 0x5524f807}};
  for (const Case& c : cases) EXPECT_EQ(seed_sequence_word(c.entropy, c.key), c.word) << c.entropy;
}

}  // namespace
}  // namespace limner
