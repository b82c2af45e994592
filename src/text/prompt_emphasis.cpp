#include "text/prompt_emphasis.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "text/prompt_text.h"

namespace limner {
namespace {

constexpr double kBracketFactor = 1.1;

struct Piece {
  std::string text;
  double weight = 1.0;
  bool is_break = false;
};

class EmphasisParser {
 public:
  explicit EmphasisParser(std::string_view text) : text_(text) {}

  Result<std::vector<Section>> parse() {
    while (at_ < text_.size()) TRY(parse_next());
    for (const size_t start : round_) multiply_from(start, kBracketFactor);
    for (const size_t start : square_) multiply_from(start, 1.0 / kBracketFactor);
    return sections();
  }

 private:
  Result<void> parse_next() {
    const char c = text_[at_];
    if (c == '\\') return take_escape();
    if (c == '(') return open(round_);
    if (c == '[') return open(square_);
    if (c == ')' && !round_.empty()) return close(round_, kBracketFactor);
    if (c == ']' && !square_.empty()) return close(square_, 1.0 / kBracketFactor);
    if (c == ':' && !round_.empty())
      if (const size_t size = weight_size()) return close_weighted(size);
    return take_text();
  }

  // A backslash before a bracket or another backslash stands for that; alone it vanishes.
  Result<void> take_escape() {
    constexpr std::string_view kEscaped = "()[]\\";
    const bool escapes = at_ + 1 < text_.size() && kEscaped.find(text_[at_ + 1]) != kEscaped.npos;
    if (escapes) pieces_.push_back({std::string(1, text_[at_ + 1])});
    at_ += escapes ? 2 : 1;
    return {};
  }

  Result<void> open(std::vector<size_t>& brackets) {
    if (round_.size() + square_.size() == static_cast<size_t>(kPromptNestingMax))
      return invalid("prompt", fmt::format("brackets nested deeper than {}", kPromptNestingMax));
    brackets.push_back(pieces_.size());
    ++at_;
    return {};
  }

  Result<void> close(std::vector<size_t>& brackets, double factor) {
    multiply_from(brackets.back(), factor);
    brackets.pop_back();
    ++at_;
    return {};
  }

  // The size of ":1.3)" with spaces, where the text goes on so; else 0.
  size_t weight_size() const {
    const std::string_view rest = text_.substr(at_ + 1);
    const size_t end = rest.find_first_not_of(" \t\n\v\f\r+-.0123456789");
    if (end == rest.npos || rest[end] != ')') return 0;
    std::string_view number = trim(rest.substr(0, end));
    if (number.starts_with('+') || number.starts_with('-')) number.remove_prefix(1);
    if (number.empty() || number.find_first_not_of(".0123456789") != number.npos) return 0;
    return end + 2;
  }

  Result<void> close_weighted(size_t size) {
    const std::string_view number = trim(text_.substr(at_ + 1, size - 2));
    const std::optional<double> weight = parse_decimal(number, false);
    if (!weight)
      return invalid("prompt", fmt::format("the weight '{}' is not a number", number), "write (text:1.2)");
    TRY(close(round_, *weight));
    at_ += size - 1;
    return {};
  }

  // Takes plain characters, or one that has no meaning here.
  Result<void> take_text() {
    const size_t end = std::min(text_.find_first_of("\\()[]:", at_), text_.size());
    const size_t size = std::max<size_t>(end - at_, 1);
    std::string_view text = text_.substr(at_, size);
    at_ += size;
    constexpr std::string_view kBreak = "BREAK";
    for (size_t at = find_word(text, kBreak, 0); at != text.npos; at = find_word(text, kBreak, 0)) {
      pieces_.push_back({std::string(trim_end(text.substr(0, at)))});
      pieces_.push_back({.is_break = true});
      text = trim_start(text.substr(at + kBreak.size()));
    }
    pieces_.push_back({std::string(text)});
    return {};
  }

  void multiply_from(size_t start, double factor) {
    for (size_t i = start; i < pieces_.size(); ++i) pieces_[i].weight *= factor;
  }

  // Neighbours of one weight are one text: a word may be split over pieces.
  Result<std::vector<Section>> sections() const {
    std::vector<Section> sections(1);
    for (const Piece& piece : pieces_) {
      if (!(std::abs(piece.weight) <= kPromptWeightMax))
        return invalid("prompt", fmt::format("a weight of {:.6g}; at most {} is allowed", piece.weight,
                                             kPromptWeightMax));
      Section& section = sections.back();
      const float weight = static_cast<float>(piece.weight);
      if (piece.is_break) {
        sections.emplace_back();
      } else if (piece.text.empty()) {
        continue;
      } else if (!section.empty() && section.back().weight == weight) {
        section.back().text += piece.text;
      } else {
        section.push_back({piece.text, weight});
      }
    }
    for (Section& section : sections)
      if (section.empty()) section.push_back({});
    return sections;
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Piece> pieces_;
  std::vector<size_t> round_, square_;  // the first piece inside each open bracket
};

}  // namespace

Result<std::vector<Section>> parse_emphasis(std::string_view text) { return EmphasisParser(text).parse(); }

}  // namespace limner
