#include "jobs/prompt_pattern.h"

#include <algorithm>

namespace limner {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool prompt_has(std::string_view prompt, std::string_view pattern) {
  // Each piece at its first place after the one before: a later place would leave less for those that follow.
  while (!pattern.empty()) {
    const size_t star = std::min(pattern.find('*'), pattern.size());
    const std::string_view piece = pattern.substr(0, star);
    const auto at = std::search(prompt.begin(), prompt.end(), piece.begin(), piece.end(),
                                [](char a, char b) { return lower(a) == lower(b); });
    if (at == prompt.end() && !piece.empty()) return false;
    prompt.remove_prefix(static_cast<size_t>(at - prompt.begin()) + (piece.empty() ? 0 : piece.size()));
    pattern.remove_prefix(std::min(star + 1, pattern.size()));
  }
  return true;
}

}  // namespace limner
