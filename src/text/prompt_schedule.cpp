#include "text/prompt_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "text/prompt.h"
#include "text/prompt_text.h"

namespace limner {

// An open bracket, round or square, and the separators directly inside.
struct PromptSchedule::Bracket {
  size_t open;
  std::vector<size_t> colons, bars;
};

// Pairs the brackets and keeps the groups that depend on the step.
class PromptSchedule::Scanner {
 public:
  explicit Scanner(PromptSchedule& schedule) : schedule_(schedule), prompt_(schedule.prompt_) {}

  Result<void> run() {
    for (size_t at = 0; at < prompt_.size(); ++at) {
      const char c = prompt_[at];
      if (c == '\\') {
        ++at;
      } else if (c == '(' || c == '[') {
        if (open_.size() == static_cast<size_t>(kPromptNestingMax))
          return invalid("prompt", fmt::format("brackets nested deeper than {}", kPromptNestingMax));
        open_.push_back({at, {}, {}});
      } else if (c == ')' || c == ']') {
        close(c == ')' ? '(' : '[', at);
      } else if (c == ':' && !open_.empty()) {
        open_.back().colons.push_back(at);
      } else if (c == '|' && !open_.empty()) {
        open_.back().bars.push_back(at);
      }
    }
    return {};
  }

 private:
  void close(char opening, size_t at) {
    if (open_.empty()) return;
    // A bracket of the wrong kind is text, and so is whatever was open around it: a group holds whole pairs
    // only.
    if (prompt_[open_.back().open] != opening) return open_.clear();
    const Bracket bracket = std::move(open_.back());
    open_.pop_back();
    if (opening == '[') keep_group(bracket, at);
  }

  void keep_group(const Bracket& bracket, size_t close) {
    const bool alternates = !bracket.bars.empty() && bracket.colons.empty();
    const bool scheduled = bracket.bars.empty() && (bracket.colons.size() == 1 || bracket.colons.size() == 2);
    if (!alternates && !scheduled) return;
    Group group{alternates ? Kind::alternation : Kind::schedule, {bracket.open}};
    const std::vector<size_t>& separators = alternates ? bracket.bars : bracket.colons;
    group.cuts.insert(group.cuts.end(), separators.begin(), separators.end());
    group.cuts.push_back(close);
    if (scheduled) {
      const size_t last = separators.back() + 1;
      const std::optional<int> when = step_of(trim(prompt_.substr(last, close - last)));
      if (!when) return;
      group.when = *when;
    }
    schedule_.groups_.emplace(bracket.open, std::move(group));
  }

  // A number with a decimal point is a fraction of the steps, even beyond 1.
  std::optional<int> step_of(std::string_view number) const {
    const std::optional<double> value = parse_decimal(number, true);
    if (!value) return std::nullopt;
    const double step = number.find('.') == number.npos ? *value : *value * schedule_.steps_;
    return static_cast<int>(std::clamp(std::trunc(step), 0.0, static_cast<double>(schedule_.steps_)));
  }

  PromptSchedule& schedule_;
  std::string_view prompt_;
  std::vector<Bracket> open_;
};

Result<PromptSchedule> PromptSchedule::parse(std::string_view prompt, int steps) {
  PromptSchedule schedule(prompt, steps);
  TRY(Scanner(schedule).run());
  return schedule;
}

std::vector<int> PromptSchedule::boundaries() const {
  std::set<int> steps = {steps_};
  for (const auto& [open, group] : groups_) {
    if (group.kind == Kind::alternation) {
      std::vector<int> all(static_cast<size_t>(steps_));
      std::iota(all.begin(), all.end(), 1);
      return all;
    }
    if (group.when >= 1) steps.insert(group.when);
  }
  return {steps.begin(), steps.end()};
}

std::string PromptSchedule::text_at(int step) const {
  std::string text;
  render(0, prompt_.size(), step, text);
  return text;
}

// The index in `cuts` behind which the part in force begins.
size_t PromptSchedule::part_at(const Group& group, int step) const {
  if (group.kind == Kind::alternation) return static_cast<size_t>(step - 1) % (group.cuts.size() - 1);
  const bool has_from = group.cuts.size() == 4;
  return has_from && step > group.when ? 1 : 0;
}

void PromptSchedule::render(size_t begin, size_t end, int step, std::string& out) const {
  for (size_t at = begin; at < end; ++at) {
    if (prompt_[at] == '\\' && at + 1 < end) {
      out.append(prompt_, at++, 2);
      continue;
    }
    const auto found = prompt_[at] == '[' ? groups_.find(at) : groups_.end();
    if (found == groups_.end()) {
      out.push_back(prompt_[at]);
      continue;
    }
    const Group& group = found->second;
    const bool not_yet = group.kind == Kind::schedule && group.cuts.size() == 3 && step <= group.when;
    const size_t part = part_at(group, step);
    if (!not_yet) render(group.cuts[part] + 1, group.cuts[part + 1], step, out);
    at = group.cuts.back();
  }
}

}  // namespace limner
