#include "policy/term_matcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "policy/folded_text.h"
#include "text/unicode_matching.h"

namespace limner {
namespace {

uint64_t edge(uint32_t node, char32_t c) { return uint64_t{node} << 32 | c; }

// Whether a span of `exceptions`, ascending by their beginnings, holds `term`; `reach` is, for each, the
// furthest end so far.
bool is_covered(const LetterSpan& term, const std::vector<LetterSpan>& exceptions,
                const std::vector<size_t>& reach) {
  const auto after = std::upper_bound(exceptions.begin(), exceptions.end(), term.first,
                                      [](size_t at, const LetterSpan& span) { return at < span.first; });
  if (after == exceptions.begin()) return false;
  return reach[static_cast<size_t>(after - exceptions.begin()) - 1] >= term.last;
}

bool any_uncovered(const std::vector<LetterSpan>& terms, std::vector<LetterSpan> exceptions) {
  if (terms.empty()) return false;
  std::sort(exceptions.begin(), exceptions.end(),
            [](const LetterSpan& a, const LetterSpan& b) { return a.first < b.first; });
  std::vector<size_t> reach;
  for (const LetterSpan& span : exceptions)
    reach.push_back(reach.empty() ? span.last : std::max(reach.back(), span.last));
  return std::any_of(terms.begin(), terms.end(),
                     [&](const LetterSpan& term) { return !is_covered(term, exceptions, reach); });
}

}  // namespace

// Where the terms and exceptions of each rule lie in one reading.
struct TermMatcher::Findings {
  std::vector<std::vector<LetterSpan>> terms, exceptions;
};

Result<void> TermMatcher::add_term(size_t rule, std::string_view term) {
  const bool open_end = term.ends_with('*');
  return add({.rule = rule, .open_end = open_end}, term);
}

Result<void> TermMatcher::add_exception(size_t rule, std::string_view phrase) {
  return add({.rule = rule, .exception = true, .open_end = phrase.ends_with('*')}, phrase);
}

Result<void> TermMatcher::add(Pattern pattern, std::string_view text) {
  const std::string piece(text);
  const FoldedText folded({&piece, 1});
  // A word of another script is found among its like as it is written, and among look-alikes as it looks.
  for (const Reading reading : folded.readings())
    if (reading == Reading::literal || reading == Reading::native) TRY(add(pattern, folded.read(reading)));
  return {};
}

Result<void> TermMatcher::add(Pattern pattern, const std::vector<Letter>& letters) {
  const bool one_is_enough = !letters.empty() && is_written_without_spaces(letters[0].c);
  if (letters.size() < (one_is_enough ? 1u : 2u) || letters.size() > kTermLettersMax)
    return invalid("", fmt::format("has {} letters; 2 to {} are allowed", letters.size(), kTermLettersMax));
  pattern.runs = term_runs(letters);
  uint32_t node = 0;
  for (const TermRun& run : pattern.runs) {
    const auto [found, added] = edges_.try_emplace(edge(node, run.c), static_cast<uint32_t>(nodes_.size()));
    if (added) nodes_.push_back({.parent = node, .depth = nodes_[node].depth + 1, .c = run.c});
    node = found->second;
  }
  rules_ = std::max(rules_, pattern.rule + 1);
  nodes_[node].patterns.push_back(static_cast<uint32_t>(patterns_.size()));
  patterns_.push_back(std::move(pattern));
  return {};
}

void TermMatcher::finish() {
  // Shorter first: a node's suffix is shorter than itself.
  std::vector<uint32_t> order(nodes_.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return nodes_[a].depth < nodes_[b].depth; });
  for (const uint32_t at : order) {
    Node& node = nodes_[at];
    if (node.depth > 1) node.suffix = step(nodes_[node.parent].suffix, node.c);
    node.next = nodes_[node.suffix].patterns.empty() ? nodes_[node.suffix].next : node.suffix;
  }
}

uint32_t TermMatcher::child(uint32_t node, char32_t c) const {
  const auto found = edges_.find(edge(node, c));
  return found == edges_.end() ? 0 : found->second;
}

uint32_t TermMatcher::step(uint32_t node, char32_t c) const {
  while (true) {
    if (const uint32_t next = child(node, c)) return next;
    if (node == 0) return 0;
    node = nodes_[node].suffix;
  }
}

void TermMatcher::search(std::span<const Letter> letters, Findings& findings) const {
  const std::vector<LetterRun> runs = runs_of(letters);
  uint32_t node = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    node = step(node, runs[i].c);
    for (uint32_t at = nodes_[node].patterns.empty() ? nodes_[node].next : node; at; at = nodes_[at].next)
      for (const uint32_t number : nodes_[at].patterns) {
        const Pattern& pattern = patterns_[number];
        const size_t count = pattern.runs.size();
        const Candidate candidate{letters, std::span(runs).subspan(i + 1 - count, count), pattern.runs,
                                  pattern.open_end};
        LetterSpan span;
        if (is_term(candidate, span))
          (pattern.exception ? findings.exceptions : findings.terms)[pattern.rule].push_back(span);
      }
  }
}

std::vector<size_t> TermMatcher::broken_rules(std::span<const std::string> pieces) const {
  std::vector<bool> broken(rules_);
  const FoldedText text(pieces);
  for (const Reading reading : text.readings()) {
    Findings findings{std::vector<std::vector<LetterSpan>>(rules_),
                      std::vector<std::vector<LetterSpan>>(rules_)};
    search(text.read(reading), findings);
    for (size_t rule = 0; rule < rules_; ++rule)
      if (any_uncovered(findings.terms[rule], std::move(findings.exceptions[rule]))) broken[rule] = true;
  }
  std::vector<size_t> rules;
  for (size_t rule = 0; rule < rules_; ++rule)
    if (broken[rule]) rules.push_back(rule);
  return rules;
}

}  // namespace limner
