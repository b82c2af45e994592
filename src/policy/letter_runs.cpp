#include "policy/letter_runs.h"

#include <optional>
#include <string_view>

#include "text/unicode_matching.h"

namespace limner {
namespace {

bool begins_word(std::span<const Letter> letters, size_t at) {
  if (at == 0 || letters[at].before != Gap::none) return true;
  // A sign that may be a letter may be just a sign: "1nude", "nude!".
  return letters[at - 1].stand_in || is_written_without_spaces(letters[at].c);
}
bool ends_word(std::span<const Letter> letters, size_t at) {
  if (at + 1 == letters.size() || letters[at + 1].before != Gap::none) return true;
  return letters[at + 1].stand_in || is_written_without_spaces(letters[at].c);
}

// The letters that are the term's: of the first and last run as few as there must be.
std::optional<LetterSpan> find_span(const Candidate& candidate) {
  const LetterRun& first = candidate.runs.front();
  const LetterRun& last = candidate.runs.back();
  const size_t head = candidate.term.front().count, tail = candidate.term.back().count;
  if (first.count < head || last.count < tail) return std::nullopt;
  LetterSpan span;
  size_t begin = first.first + first.count - head + 1;
  do {
    if (begin == first.first) return std::nullopt;
    --begin;
  } while (!begins_word(candidate.letters, begin));
  span.first = begin;
  size_t end = candidate.term.size() == 1 ? begin + tail - 1 : last.first + tail - 1;
  const size_t beyond = last.first + last.count;
  if (candidate.open_end) {
    span.last = beyond - 1;
    return span;
  }
  while (end < beyond && !ends_word(candidate.letters, end)) ++end;
  if (end == beyond) return std::nullopt;
  span.last = end;
  return span;
}

// How often English doubles which letters: at the start of a word, and elsewhere. Of other alphabets nothing
// is known, so doubling there is taken for spelling.
bool is_doubled_in_words(char32_t c, bool at_start) {
  if (c >= 0x80) return true;
  constexpr std::string_view kStarts = "eol", kElsewhere = "bcdefglmnoprstz";
  return (at_start ? kStarts : kElsewhere).find(static_cast<char>(c)) != std::string_view::npos;
}

// Looks at one word of the term after another.
class WordInspector {
 public:
  // A letter at the end of the word so far; `gap` lies before it.
  void add_letter(char32_t c, Gap gap) {
    if (letters_ == 0 || gap == Gap::space) {
      close_chunk();
      chunk_letter_ = c;
      chunk_single_ = true;
      ++chunks_;
    } else if (c != chunk_letter_) {
      chunk_single_ = false;
    }
    ++letters_;
  }
  // How often the run was to be there, and how often it is.
  void add_run(char32_t c, size_t wanted, size_t count, bool at_start) {
    if (count < wanted) fits_ = false;
    if (count <= wanted) return;
    if (count >= 3 || !is_doubled_in_words(c, at_start))
      ++odd_doublings_;
    else
      ++common_doublings_;
  }
  // Ends the word. Whether it is written as the term's word may be.
  bool finish() {
    close_chunk();
    const bool spelled_out = singles_ >= 2 && chunks_ - singles_ <= 1;
    const bool written_so = chunks_ <= 1 || spelled_out;
    // One doubled letter makes another word; more of them make none.
    const bool other_word = common_doublings_ == 1 && odd_doublings_ == 0 && !spelled_out;
    const bool fits = fits_ && written_so && !other_word;
    *this = {};
    return fits;
  }

 private:
  void close_chunk() {
    if (chunks_ > 0 && chunk_single_) ++singles_;
    chunk_single_ = false;
  }

  size_t letters_ = 0, chunks_ = 0, singles_ = 0;
  char32_t chunk_letter_ = 0;
  bool chunk_single_ = false, fits_ = true;
  int common_doublings_ = 0, odd_doublings_ = 0;
};

bool words_fit(const Candidate& candidate, const LetterSpan& span) {
  WordInspector word;
  for (size_t j = 0; j < candidate.term.size(); ++j) {
    const TermRun& wanted = candidate.term[j];
    const LetterRun& run = candidate.runs[j];
    if (j > 0 && wanted.break_before && !word.finish()) return false;
    const size_t begin = std::max(run.first, span.first);
    const size_t end = std::min(run.first + run.count, span.last + 1);
    word.add_run(wanted.c, wanted.count, end - begin, j == 0 || wanted.break_before);
    for (size_t at = begin; at < end; ++at) {
      const Gap gap = candidate.letters[at].before;
      if (at > begin && wanted.break_inside && gap != Gap::none && !word.finish()) return false;
      word.add_letter(wanted.c, gap);
    }
  }
  return word.finish();
}

// "455" is a number before it is a word, and "A55" a road.
bool is_word(const Candidate& candidate, const LetterSpan& span) {
  size_t letters = 0, digits = 0, others = 0;
  for (size_t at = span.first; at <= span.last; ++at) {
    const Letter& letter = candidate.letters[at];
    ++(letter.digit ? digits : letter.stand_in ? others : letters);
  }
  return letters >= 1 && digits <= letters + others;
}

}  // namespace

std::vector<LetterRun> runs_of(std::span<const Letter> letters) {
  std::vector<LetterRun> runs;
  for (size_t at = 0; at < letters.size(); ++at) {
    if (runs.empty() || runs.back().c != letters[at].c) runs.push_back({letters[at].c, at, 0});
    ++runs.back().count;
  }
  return runs;
}

std::vector<TermRun> term_runs(std::span<const Letter> letters) {
  std::vector<TermRun> runs;
  for (const Letter& letter : letters) {
    const bool new_word = !runs.empty() && letter.before != Gap::none;
    if (runs.empty() || runs.back().c != letter.c)
      runs.push_back({letter.c, 0, new_word, false});
    else if (new_word)
      runs.back().break_inside = true;
    ++runs.back().count;
  }
  return runs;
}

bool is_term(const Candidate& candidate, LetterSpan& found) {
  const std::optional<LetterSpan> span = find_span(candidate);
  if (!span || !is_word(candidate, *span) || !words_fit(candidate, *span)) return false;
  found = *span;
  return true;
}

}  // namespace limner
