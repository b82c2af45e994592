#pragma once
// Letters with their repetitions put together: "nuuude" and "nude" have the same runs.

#include <cstddef>
#include <span>
#include <vector>

#include "policy/folded_text.h"

namespace limner {

/// One letter or more of a kind, whatever lies between them.
struct LetterRun {
  char32_t c = 0;
  size_t first = 0;  ///< index of its first letter
  size_t count = 0;
};

std::vector<LetterRun> runs_of(std::span<const Letter> letters);

/// One run of a term.
struct TermRun {
  char32_t c = 0;
  size_t count = 0;
  bool break_before = false;  ///< a word of the term begins here
  bool break_inside = false;  ///< a word ends and the next begins within the run
};

/// The runs of a term's letters. Any gap ends a word: "t-shirt" is two.
std::vector<TermRun> term_runs(std::span<const Letter> letters);

/// Letters `first` to `last` of a text.
struct LetterSpan {
  size_t first = 0, last = 0;
};

/// A text and a place in it where the runs of a term end.
struct Candidate {
  std::span<const Letter> letters;
  std::span<const LetterRun> runs;  ///< of the text; as many as the term has
  std::span<const TermRun> term;
  bool open_end = false;  ///< the last word may go on: "porn*"
};

/// Whether the candidate is the term: it begins and ends where words do; its words are written in one, or
/// spelled out ("n u d e", "n.u.d.e"); letters are doubled only as nobody spells ("nuude" but not "rapper"
/// for "raper"); it is not made of digits. `found` is where it lies then. Linear in the runs' letters.
bool is_term(const Candidate& candidate, LetterSpan& found);

}  // namespace limner
