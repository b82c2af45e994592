#pragma once
// What checks find, and what follows from it.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace limner {

/// What is to be done, from lenient to strict. There is no "unknown": what could not be checked is held.
enum class Outcome : uint8_t {
  pass,
  hold,   ///< a person decides
  refuse  ///< not drawn, not delivered
};
/// "pass", "hold", "refuse".
const char* outcome_name(Outcome outcome);
/// The strictest wins.
inline Outcome stricter(Outcome a, Outcome b) { return a < b ? b : a; }

/// What pictures may be objectionable for: the names by which policies and verdicts speak of it.
std::span<const std::string_view> categories();
/// The category of what belongs to none of the others.
inline constexpr std::string_view kOtherCategory = "other";

/// What one rule of one check says.
struct Finding {
  std::string check;     ///< "terms"
  std::string rule;      ///< its name in the policy, empty if the check as a whole speaks
  std::string category;  ///< one of categories()
  double score = 0;      ///< 0 certainly not, 1 certainly
  Outcome outcome = Outcome::pass;
  std::string reason;  ///< a sentence for whoever asked; never the list of terms. Empty if it passes
};

/// A category as all checks together see it.
struct CategoryVerdict {
  std::string category;
  std::optional<double> score;      ///< the highest; none if nobody checked
  Outcome outcome = Outcome::pass;  ///< means nothing without a score
  std::vector<std::string> checks;  ///< who looked; empty: unchecked
};

/// The answer to "may this be drawn?", "may this be delivered?".
struct Verdict {
  Outcome outcome = Outcome::pass;
  std::vector<CategoryVerdict> categories;  ///< every category, in the order of categories()
  std::vector<Finding> findings;            ///< all of them, those that pass too
  std::string policy;                       ///< its version

  /// The sentences of what does not pass, strictest first.
  std::vector<std::string> reasons() const;
  /// The names of the rules that do not pass, strictest first; for a ledger.
  std::vector<std::string> rules() const;
};

/// Puts findings together: the strictest outcome, the highest score of each category.
Verdict make_verdict(std::string policy_version, std::vector<Finding> findings);

/// {"verdict": "refuse", "categories": {"sexual": {"verdict": "refuse", "score": 1, "checks": ["terms"]},
/// "violence": {"verdict": "unchecked"}}, "reasons": ["..."], "policy": "VERSION"}.
Json verdict_json(const Verdict& verdict);

}  // namespace limner
