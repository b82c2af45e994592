#pragma once
// Binary BCH codes of length 127, decoded from soft values.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace limner {

inline constexpr int kCodeBits = 127;

/// A word of 127 bits.
struct CodeWord {
  uint64_t low = 0, high = 0;

  bool bit(int i) const { return ((i < 64 ? low >> i : high >> (i - 64)) & 1u) != 0; }
  void set(int i) { (i < 64 ? low : high) |= uint64_t{1} << (i % 64); }
  CodeWord& operator^=(const CodeWord& other) {
    low ^= other.low;
    high ^= other.high;
    return *this;
  }
  bool operator==(const CodeWord&) const = default;
};

/// What a decoder found.
struct SoftDecoded {
  uint64_t payload = 0;
  float correlation = 0;  ///< sum over bits of +-soft: larger is better
  int errors = 0;         ///< bits whose soft value has the other sign
};

/// The narrow-sense BCH code over GF(2^7), primitive polynomial x^7 + x^3 + 1 (Lin and Costello, "Error
/// Control Coding", 6.1). Systematic: bit 127 - k + i of a word is bit i of its payload.
class BchCode {
 public:
  /// The code with designed distance 2 t + 1.
  explicit BchCode(int t);

  int payload_bits() const { return payload_bits_; }
  CodeWord encode(uint64_t payload) const;

  /// The most likely word among those that differ from the reliable half of `soft` (positive: a 1) in at most
  /// `order` of its most reliable independent bits: ordered-statistics decoding (Fossorier and Lin 1995).
  /// Always finds some word; whether it is one that was sent, its correlation and a checksum tell. `order` is
  /// 1 to 3.
  SoftDecoded decode(std::span<const float, kCodeBits> soft, int order) const;

 private:
  int payload_bits_ = 0;
  std::vector<CodeWord> rows_;  // the word of each payload bit
};

}  // namespace limner
