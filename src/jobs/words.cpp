#include "jobs/words.h"

#include <fmt/ranges.h>

#include <algorithm>

namespace limner {

std::vector<std::string> split_words(std::string_view words) {
  std::vector<std::string> split;
  while (!words.empty()) {
    const size_t end = std::min(words.find('|'), words.size());
    split.emplace_back(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return split;
}

bool is_one_of(std::string_view words, std::string_view word) {
  const std::vector<std::string> split = split_words(words);
  return std::ranges::find(split, word) != split.end();
}

std::string listed(std::string_view words) { return fmt::format("{}", fmt::join(split_words(words), ", ")); }

}  // namespace limner
