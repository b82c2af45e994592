#include "sampling/noise/seed_sequence.h"

#include <array>

#include "base/check.h"

namespace limner {
namespace {

constexpr size_t kPoolWords = 24;
constexpr size_t kSpawnWordsMax = 8;

/// Scrambles words one after another; the multiplier moves on with each, so that equal words do not stay
/// equal.
class Scrambler {
 public:
  Scrambler(uint32_t seed, uint32_t step) : multiplier_(seed), step_(step) {}
  uint32_t operator()(uint32_t value) {
    value ^= multiplier_;
    multiplier_ *= step_;
    value *= multiplier_;
    return value ^ (value >> 16);
  }

 private:
  uint32_t multiplier_, step_;
};

uint32_t mixed(uint32_t a, uint32_t b) {
  uint32_t sum = 0xca01f9ddu * a - 0x4973f715u * b;
  return sum ^ (sum >> 16);
}

/// A number as NumPy spells it: 32-bit words, low first, at least one. Returns how many.
size_t append_words(uint64_t number, uint32_t* words) {
  words[0] = static_cast<uint32_t>(number);
  words[1] = static_cast<uint32_t>(number >> 32);
  return words[1] != 0 ? 2 : 1;
}

}  // namespace

uint32_t seed_sequence_word(uint64_t entropy, std::span<const uint64_t> spawn_key) {
  LIMNER_CHECK(2 * spawn_key.size() <= kSpawnWordsMax, "a spawn key of a Brownian tree has two numbers");
  // NumPy pads the entropy to the pool's size before a spawn key, lest a long entropy equal a short one with
  // a key.
  std::array<uint32_t, kPoolWords + kSpawnWordsMax> words{};
  append_words(entropy, words.data());
  size_t count = kPoolWords;
  for (uint64_t part : spawn_key) count += append_words(part, words.data() + count);

  std::array<uint32_t, kPoolWords> pool;
  Scrambler scramble(0x43b0d7e5u, 0x931e8875u);
  for (size_t i = 0; i < kPoolWords; ++i) pool[i] = scramble(words[i]);
  for (size_t from = 0; from < kPoolWords; ++from) {
    for (size_t to = 0; to < kPoolWords; ++to) {
      if (from != to) pool[to] = mixed(pool[to], scramble(pool[from]));
    }
  }
  for (size_t from = kPoolWords; from < count; ++from) {
    for (uint32_t& to : pool) to = mixed(to, scramble(words[from]));
  }
  return Scrambler(0x8b51f9ddu, 0x58f38dedu)(pool[0]);
}

}  // namespace limner
