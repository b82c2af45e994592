#pragma once
// Numbers as little-endian bytes and back, for saved drawings. Reading is bounded: bytes may be anybody's.

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace limner {

class StateWriter {
 public:
  void u64(uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) bytes_ += static_cast<char>(value >> shift & 0xff);
  }
  void text(std::string_view value) { bytes_ += value; }
  /// Their number, then each one's bits.
  void floats(std::span<const float> values) {
    u64(values.size());
    bytes_.reserve(bytes_.size() + 4 * values.size());
    for (const float value : values) {
      const auto bits = std::bit_cast<uint32_t>(value);
      for (int shift = 0; shift < 32; shift += 8) bytes_ += static_cast<char>(bits >> shift & 0xff);
    }
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

class StateReader {
 public:
  explicit StateReader(std::string_view bytes) : rest_(bytes) {}

  Result<std::string_view> text(size_t size) {
    if (size > rest_.size()) return cut_short();
    const std::string_view value = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return value;
  }
  Result<uint64_t> u64() { return number<uint64_t>(TRY(text(8))); }
  /// At most `most`, else `invalid`.
  Result<uint64_t> u64(uint64_t most) {
    const uint64_t value = TRY(u64());
    if (value > most) return invalid("state", "damaged: a number is out of range");
    return value;
  }
  Result<std::vector<float>> floats() {
    const uint64_t count = TRY(u64(rest_.size() / 4));
    const std::string_view bytes = TRY(text(4 * count));
    std::vector<float> values(count);
    for (size_t i = 0; i < count; ++i)
      values[i] = std::bit_cast<float>(number<uint32_t>(bytes.substr(4 * i, 4)));
    return values;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  template <class Number>
  static Number number(std::string_view bytes) {
    Number value = 0;
    for (size_t i = 0; i < bytes.size(); ++i)
      value |= static_cast<Number>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    return value;
  }
  static Error cut_short() { return invalid("state", "damaged: it ends too early"); }

  std::string_view rest_;
};

}  // namespace limner
