#include "api/byte_range.h"

#include <algorithm>

#include "api/query_values.h"

namespace limner {

std::optional<ByteRange> parse_range(std::string_view header, uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return std::nullopt;
  header.remove_prefix(kUnit.size());
  const size_t dash = header.find('-');
  if (dash == header.npos) return std::nullopt;
  const std::string_view from = header.substr(0, dash), to = header.substr(dash + 1);
  if (from.empty()) {  // the last so many
    const std::optional<uint64_t> count = whole_number(to);
    if (!count) return std::nullopt;
    if (*count == 0 || size == 0) return ByteRange{.satisfiable = false};
    return ByteRange{size - std::min(*count, size), size - 1};
  }
  const std::optional<uint64_t> first = whole_number(from);
  const std::optional<uint64_t> last = to.empty() ? std::optional<uint64_t>(UINT64_MAX) : whole_number(to);
  if (!first || !last || *first > *last) return std::nullopt;
  if (*first >= size) return ByteRange{.satisfiable = false};
  return ByteRange{*first, std::min(*last, size - 1)};
}

}  // namespace limner
