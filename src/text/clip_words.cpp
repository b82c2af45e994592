#include "text/clip_words.h"

#include "text/unicode.h"

namespace limner {
namespace {

constexpr std::u32string_view kContractions[] = {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"};
constexpr std::u32string_view kSpecials[] = {U"<|startoftext|>", U"<|endoftext|>"};
constexpr size_t kBracketSize = 2;  // of "<|" and "|>"

bool is_other(char32_t c) { return !is_space(c) && !is_letter(c) && !is_number(c); }

// The length of the first string of `list` that `text` starts with, or 0.
template <size_t N>
size_t starting_size(std::u32string_view text, const std::u32string_view (&list)[N]) {
  for (const std::u32string_view item : list)
    if (text.starts_with(item)) return item.size();
  return 0;
}

size_t run_size(std::u32string_view text, bool (*in_run)(char32_t)) {
  size_t size = 0;
  while (size < text.size() && in_run(text[size])) ++size;
  return size;
}

// The length of the word at the start of `rest`, which is neither empty nor starts with white space.
size_t word_size(std::u32string_view rest) {
  if (const size_t size = starting_size(rest, kContractions)) return size;
  if (is_letter(rest[0])) return run_size(rest, is_letter);
  if (is_number(rest[0])) return 1;
  return run_size(rest, is_other);
}

}  // namespace

std::u32string normalize_clip_text(std::u32string_view text) {
  std::u32string spaced;
  for (const char32_t c : compose_canonically(text)) {
    if (!is_space(c)) {
      spaced.push_back(c);
    } else if (spaced.empty() || spaced.back() != U' ') {
      spaced.push_back(U' ');
    }
  }
  return lower_case(spaced);
}

std::vector<std::u32string_view> split_clip_words(std::u32string_view text) {
  std::vector<std::u32string_view> words;
  for (size_t at = 0; at < text.size();) {
    const std::u32string_view rest = text.substr(at);
    if (is_space(rest[0])) {
      ++at;
    } else if (const size_t size = starting_size(rest, kSpecials)) {
      words.push_back(rest.substr(0, kBracketSize));
      words.push_back(rest.substr(kBracketSize, size - 2 * kBracketSize));
      words.push_back(rest.substr(size - kBracketSize, kBracketSize));
      at += size;
    } else {
      words.push_back(rest.substr(0, word_size(rest)));
      at += words.back().size();
    }
  }
  return words;
}

}  // namespace limner
