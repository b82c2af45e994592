#pragma once
// Finds the terms of many rules in one pass over a text. Aho & Corasick 1975 over runs of letters.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "policy/letter_runs.h"

namespace limner {

inline constexpr size_t kTermLettersMax = 128;

class TermMatcher {
 public:
  /// Makes `rule` (any number, small ones are best) be found by `term`. A term that ends in * also stands at
  /// the beginning of longer words. Terms are folded as texts are. `invalid` with an empty field: a term of
  /// fewer than two letters (one of a script without spaces) or more than kTermLettersMax.
  Result<void> add_term(size_t rule, std::string_view term);
  /// Where `phrase` is found, terms of `rule` that lie inside it do not count.
  Result<void> add_exception(size_t rule, std::string_view phrase);
  /// To be called after the last term, before the first text.
  void finish();

  /// The rules that `pieces` (one text, seams between them) break, ascending. Each reading of FoldedText
  /// counts. Linear in the text for a given list of terms.
  std::vector<size_t> broken_rules(std::span<const std::string> pieces) const;

 private:
  struct Pattern {
    std::vector<TermRun> runs;
    size_t rule = 0;
    bool exception = false, open_end = false;
  };
  struct Node {
    uint32_t parent = 0, depth = 0;
    char32_t c = 0;
    uint32_t suffix = 0;  ///< the longest proper suffix that is a node
    uint32_t next = 0;    ///< the nearest one on the way of suffixes that has patterns; 0 for none
    std::vector<uint32_t> patterns;
  };
  struct Findings;

  Result<void> add(Pattern pattern, std::string_view text);
  Result<void> add(Pattern pattern, const std::vector<Letter>& letters);
  uint32_t child(uint32_t node, char32_t c) const;
  uint32_t step(uint32_t node, char32_t c) const;
  void search(std::span<const Letter> letters, Findings& findings) const;

  std::vector<Pattern> patterns_;
  std::vector<Node> nodes_ = std::vector<Node>(1);
  std::unordered_map<uint64_t, uint32_t> edges_;  // node, letter -> node
  size_t rules_ = 0;
};

}  // namespace limner
