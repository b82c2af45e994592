#pragma once
// Reading numbers out of hostile bytes, and writing them.

#include <cstdint>
#include <string>
#include <string_view>

namespace limner {

/// Walks over borrowed bytes. Reading past the end yields zeros or nothing and sets failed() for good.
class ByteCursor {
 public:
  explicit ByteCursor(std::string_view bytes) : bytes_(bytes) {}

  size_t at() const { return at_; }
  size_t left() const { return bytes_.size() - at_; }
  bool failed() const { return failed_; }

  std::string_view take(size_t count) {
    if (count > left()) {
      failed_ = true;
      at_ = bytes_.size();
      return {};
    }
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  uint32_t big_endian(size_t width) {
    uint32_t value = 0;
    for (const char byte : take(width)) value = value << 8 | static_cast<unsigned char>(byte);
    return value;
  }
  uint32_t u32_little_endian() { return __builtin_bswap32(big_endian(4)); }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
  bool failed_ = false;
};

/// Appends the low `width` bytes of `value`, highest first.
inline void put_big_endian(std::string& out, uint32_t value, size_t width) {
  for (size_t i = width; i-- > 0;) out += static_cast<char>(value >> (8 * i));
}

}  // namespace limner
