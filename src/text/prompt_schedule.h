#pragma once
// The part of A1111's prompt syntax that changes with the step: [from:to:when] and [a|b].

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace limner {

/// A prompt whose text depends on the step. Emphasis is left as it is written. Views the prompt it was parsed
/// from.
class PromptSchedule {
 public:
  /// Brackets nested deeper than kPromptNestingMax are `invalid`.
  static Result<PromptSchedule> parse(std::string_view prompt, int steps);

  /// Ascending step numbers, the last of them `steps`: the text of steps between two of them is the same.
  std::vector<int> boundaries() const;

  /// The text of a step, counted from 1.
  std::string text_at(int step) const;

 private:
  enum class Kind { schedule, alternation };
  // A pair of square brackets that depends on the step.
  struct Group {
    Kind kind;
    std::vector<size_t> cuts;  // positions of the brackets and of the separators between
    int when = 0;              // of a schedule: the last step of its first part
  };
  struct Bracket;
  class Scanner;

  PromptSchedule(std::string_view prompt, int steps) : prompt_(prompt), steps_(steps) {}
  void render(size_t begin, size_t end, int step, std::string& out) const;
  size_t part_at(const Group& group, int step) const;

  std::string_view prompt_;
  int steps_;
  std::map<size_t, Group> groups_;  // by the position of the opening bracket
};

}  // namespace limner
