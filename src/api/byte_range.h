#pragma once
// Range requests (RFC 9110, section 14) for one range of bytes.

#include <cstdint>
#include <optional>
#include <string_view>

namespace limner {

struct ByteRange {
  uint64_t first = 0, last = 0;  ///< inclusive
  bool satisfiable = true;       ///< false: it lies beyond the end
};

/// What `header` asks of `size` bytes. Nothing - the whole is to be sent - for no header, another unit,
/// several ranges, nonsense.
std::optional<ByteRange> parse_range(std::string_view header, uint64_t size);

}  // namespace limner
