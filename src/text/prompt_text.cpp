#include "text/prompt_text.h"

#include <algorithm>
#include <charconv>

namespace limner {

std::string_view trim_start(std::string_view text) {
  while (!text.empty() && is_ascii_space(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view trim_end(std::string_view text) {
  while (!text.empty() && is_ascii_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view trim(std::string_view text) { return trim_start(trim_end(text)); }

size_t find_word(std::string_view text, std::string_view keyword, size_t from) {
  const auto in_word = [&](size_t at) {
    const char c = text[at];
    return is_ascii_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80);
  };
  for (size_t at = text.find(keyword, from); at != text.npos; at = text.find(keyword, at + 1)) {
    const size_t end = at + keyword.size();
    if ((at == 0 || !in_word(at - 1)) && (end == text.size() || !in_word(end))) return at;
  }
  return text.npos;
}

std::optional<double> parse_decimal(std::string_view text, bool exponent) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  // from_chars would also read "inf" and "nan".
  const auto allowed = [&](char c) {
    return is_ascii_digit(c) || c == '.' || c == '-' || (exponent && (c == 'e' || c == 'E' || c == '+'));
  };
  if (!std::all_of(text.begin(), text.end(), allowed)) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace limner
