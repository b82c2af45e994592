#pragma once
// Sorted tables of Unicode code points.

#include <algorithm>
#include <iterator>
#include <span>

namespace limner {

/// Both ends are in it.
struct CodePointRange {
  char32_t first, last;
};

/// The range of a sorted table that holds `code_point`, or null. R has `first` and `last`.
template <class R>
constexpr const R* find_range(std::span<const R> ranges, char32_t code_point) {
  const auto next = std::ranges::upper_bound(ranges, code_point, {}, &R::first);
  if (next == ranges.begin()) return nullptr;
  const R& range = *std::prev(next);
  return code_point <= range.last ? &range : nullptr;
}

/// Whether one range of a sorted table holds `code_point`.
constexpr bool contains(std::span<const CodePointRange> ranges, char32_t code_point) {
  return find_range(ranges, code_point) != nullptr;
}

}  // namespace limner
