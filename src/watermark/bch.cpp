#include "watermark/bch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/check.h"

namespace limner {
namespace {

constexpr int kGroup = 127;  // non-zero elements of GF(2^7)

// Powers of the primitive element, and their exponents.
struct Field {
  std::array<int, kGroup> power{};
  std::array<int, kGroup + 1> log{};

  Field() {
    int value = 1;
    for (int i = 0; i < kGroup; ++i) {
      power[static_cast<size_t>(i)] = value;
      log[static_cast<size_t>(value)] = i;
      value <<= 1;
      if (value & 0x80) value ^= 0x89;
    }
  }
  int multiply(int a, int b) const {
    if (a == 0 || b == 0) return 0;
    return power[static_cast<size_t>((log[static_cast<size_t>(a)] + log[static_cast<size_t>(b)]) % kGroup)];
  }
};

// Coefficients in GF(2) of the product of (x - alpha^i) over `roots`, lowest first.
std::vector<int> polynomial_of(const std::vector<int>& roots) {
  const Field field;
  std::vector<int> product = {1};
  for (const int root : roots) {
    std::vector<int> next(product.size() + 1, 0);
    for (size_t i = 0; i < product.size(); ++i) {
      next[i + 1] ^= product[i];
      next[i] ^= field.multiply(product[i], field.power[static_cast<size_t>(root)]);
    }
    product = std::move(next);
  }
  return product;
}

// The roots alpha^1 ... alpha^2t and all their conjugates.
std::vector<int> roots_of(int t) {
  std::vector<bool> is_root(kGroup, false);
  for (int i = 1; i <= 2 * t; ++i)
    for (int conjugate = i, k = 0; k < 7; ++k, conjugate = 2 * conjugate % kGroup)
      is_root[static_cast<size_t>(conjugate)] = true;
  std::vector<int> roots;
  for (int i = 0; i < kGroup; ++i)
    if (is_root[static_cast<size_t>(i)]) roots.push_back(i);
  return roots;
}

// The sum of chosen entries of `cost`, a byte of choices at a time.
class MaskedSum {
 public:
  explicit MaskedSum(const std::array<float, 128>& cost) {
    for (size_t byte = 0; byte < 16; ++byte)
      for (size_t mask = 1; mask < 256; ++mask) {
        const size_t rest = mask & (mask - 1);
        size_t lowest = 0;
        while (!((mask >> lowest) & 1u)) ++lowest;
        sums_[byte][mask] = sums_[byte][rest] + cost[8 * byte + lowest];
      }
  }
  float operator()(const CodeWord& word) const {
    float sum = 0;
    for (size_t byte = 0; byte < 8; ++byte)
      sum += sums_[byte][word.low >> (8 * byte) & 255u] + sums_[byte + 8][word.high >> (8 * byte) & 255u];
    return sum;
  }

 private:
  std::array<std::array<float, 256>, 16> sums_{};
};

// A basis of the code in which basis word i has a 1 at pivot i, and the other basis words a 0.
struct ReliableBasis {
  std::vector<CodeWord> rows;
  std::vector<int> pivots;  // most reliable first
};

ReliableBasis reliable_basis(std::vector<CodeWord> rows, const std::array<int, kCodeBits>& order) {
  ReliableBasis basis;
  size_t done = 0;
  for (const int position : order) {
    if (done == rows.size()) break;
    size_t row = done;
    while (row < rows.size() && !rows[row].bit(position)) ++row;
    if (row == rows.size()) continue;  // depends on more reliable positions
    std::swap(rows[row], rows[done]);
    for (size_t other = 0; other < rows.size(); ++other)
      if (other != done && rows[other].bit(position)) rows[other] ^= rows[done];
    basis.pivots.push_back(position);
    ++done;
  }
  basis.rows = std::move(rows);
  return basis;
}

}  // namespace

BchCode::BchCode(int t) {
  const std::vector<int> generator = polynomial_of(roots_of(t));
  const int parity_bits = static_cast<int>(generator.size()) - 1;
  payload_bits_ = kCodeBits - parity_bits;
  LIMNER_CHECK(payload_bits_ >= 1 && payload_bits_ <= 64, "a payload fits 64 bits");
  for (int i = 0; i < payload_bits_; ++i) {
    // x^(parity + i) minus its remainder by the generator.
    std::array<int, kCodeBits> rest{};
    rest[static_cast<size_t>(parity_bits + i)] = 1;
    for (int degree = parity_bits + i; degree >= parity_bits; --degree)
      if (rest[static_cast<size_t>(degree)])
        for (int j = 0; j <= parity_bits; ++j)
          rest[static_cast<size_t>(degree - parity_bits + j)] ^= generator[static_cast<size_t>(j)];
    CodeWord word;
    word.set(parity_bits + i);
    for (int j = 0; j < parity_bits; ++j)
      if (rest[static_cast<size_t>(j)]) word.set(j);
    rows_.push_back(word);
  }
}

CodeWord BchCode::encode(uint64_t payload) const {
  CodeWord word;
  for (int i = 0; i < payload_bits_; ++i)
    if (payload >> i & 1u) word ^= rows_[static_cast<size_t>(i)];
  return word;
}

SoftDecoded BchCode::decode(std::span<const float, kCodeBits> soft, int order) const {
  std::array<int, kCodeBits> positions;
  std::iota(positions.begin(), positions.end(), 0);
  std::stable_sort(positions.begin(), positions.end(), [&](int a, int b) {
    return std::fabs(soft[static_cast<size_t>(a)]) > std::fabs(soft[static_cast<size_t>(b)]);
  });
  std::array<float, 128> cost{};
  CodeWord hard;
  float total = 0;
  for (int i = 0; i < kCodeBits; ++i) {
    const float value = soft[static_cast<size_t>(i)];
    cost[static_cast<size_t>(i)] = std::fabs(value);
    total += std::fabs(value);
    if (value > 0) hard.set(i);
  }
  const MaskedSum masked_sum(cost);
  const ReliableBasis basis = reliable_basis(rows_, positions);
  const size_t k = basis.rows.size();
  CodeWord start;
  for (size_t i = 0; i < k; ++i)
    if (hard.bit(basis.pivots[i])) start ^= basis.rows[i];

  CodeWord best = start;
  const auto misses = [&](CodeWord word) { return masked_sum(word ^= hard); };
  float best_cost = misses(start);
  const auto consider = [&](const CodeWord& word) {
    const float word_cost = misses(word);
    if (word_cost < best_cost) best_cost = word_cost, best = word;
  };
  for (size_t a = 0; a < k; ++a) {
    CodeWord one = start;
    one ^= basis.rows[a];
    consider(one);
    for (size_t b = 0; order >= 2 && b < a; ++b) {
      CodeWord two = one;
      two ^= basis.rows[b];
      consider(two);
      for (size_t c = 0; order >= 3 && c < b; ++c) {
        CodeWord three = two;
        three ^= basis.rows[c];
        consider(three);
      }
    }
  }
  SoftDecoded decoded;
  decoded.correlation = total - 2 * best_cost;
  CodeWord wrong = best;
  wrong ^= hard;
  decoded.errors = std::popcount(wrong.low) + std::popcount(wrong.high);
  for (int i = 0; i < payload_bits_; ++i)
    if (best.bit(kCodeBits - payload_bits_ + i)) decoded.payload |= uint64_t{1} << i;
  return decoded;
}

}  // namespace limner
