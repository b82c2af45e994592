#pragma once
// Reading numbers out of hostile bytes: a cursor that cannot leave its span.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/crypto.h"

namespace limner {

using Bytes = std::vector<std::byte>;

inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Walks over borrowed bytes. Reading past the end yields zeros or an empty span and sets failed() for good,
/// so that a parser may read a whole record and ask once.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  size_t at() const { return at_; }
  size_t left() const { return bytes_.size() - at_; }
  bool failed() const { return failed_; }

  /// Whether the bytes ahead begin with `magic`; reads nothing.
  bool next_is(std::string_view magic) const { return as_text(bytes_.subspan(at_)).starts_with(magic); }

  std::span<const std::byte> take(size_t count) {
    if (count > left()) {
      failed_ = true;
      at_ = bytes_.size();
      return {};
    }
    at_ += count;
    return bytes_.subspan(at_ - count, count);
  }
  std::string_view text(size_t count) { return as_text(take(count)); }
  void skip(size_t count) { take(count); }

  /// An unsigned number of `width` bytes, 0 to 8.
  uint64_t number_be(size_t width) {
    uint64_t value = 0;
    for (const std::byte byte : take(width)) value = value << 8 | std::to_integer<uint64_t>(byte);
    return value;
  }
  uint8_t u8() { return static_cast<uint8_t>(number_be(1)); }
  uint16_t u16_be() { return static_cast<uint16_t>(number_be(2)); }
  uint32_t u32_be() { return static_cast<uint32_t>(number_be(4)); }
  uint32_t u32_le() { return __builtin_bswap32(u32_be()); }
  uint16_t u16_le() { return __builtin_bswap16(u16_be()); }

 private:
  std::span<const std::byte> bytes_;
  size_t at_ = 0;
  bool failed_ = false;
};

/// The other direction: appends numbers and text to bytes of our own.
class ByteWriter {
 public:
  ByteWriter& number_be(uint64_t value, size_t width) {
    for (size_t i = width; i-- > 0;) bytes_.push_back(static_cast<std::byte>(value >> (8 * i)));
    return *this;
  }
  ByteWriter& u8(uint8_t value) { return number_be(value, 1); }
  ByteWriter& u16_be(uint16_t value) { return number_be(value, 2); }
  ByteWriter& u32_be(uint32_t value) { return number_be(value, 4); }
  ByteWriter& u32_le(uint32_t value) { return u32_be(__builtin_bswap32(value)); }
  ByteWriter& bytes(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  ByteWriter& text(std::string_view text) { return bytes(as_bytes(text)); }

  size_t size() const { return bytes_.size(); }
  Bytes take() { return std::move(bytes_); }
  std::span<const std::byte> view() const { return bytes_; }

 private:
  Bytes bytes_;
};

}  // namespace limner
