#include "jobs/close_name.h"

#include <algorithm>
#include <vector>

namespace limner {
namespace {

// Longer words are no misspelt names, and the distance takes time by the product of lengths.
constexpr size_t kComparedBytesMax = 64;

// Optimal string alignment distance.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before, last(b.size() + 1), now(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) now[j] = std::min(now[j], before[j - 2] + 1);
    }
    before = last;
    std::swap(last, now);
  }
  return last[b.size()];
}

}  // namespace

std::string_view close_name(std::string_view word, std::span<const std::string_view> names) {
  if (word.size() > kComparedBytesMax) return {};
  std::string_view closest;
  size_t least = std::max<size_t>(1, word.size() / 3) + 1;
  for (const std::string_view name : names) {
    const size_t edits = distance(word, name);
    if (edits >= least) continue;
    least = edits;
    closest = name;
  }
  return closest;
}

}  // namespace limner
