#include "policy/verdict.h"

#include <algorithm>

#include "base/check.h"

namespace limner {
namespace {

// After OpenAI's moderation categories, with those that only pictures have.
constexpr std::string_view kCategories[] = {"sexual",  "sexual/minors", "violence",  "violence/graphic",
                                            "hate",    "harassment",    "self-harm", "extremism",
                                            "illicit", "likeness",      "deception", kOtherCategory};

std::vector<const Finding*> strictest_first(const std::vector<Finding>& findings) {
  std::vector<const Finding*> order;
  for (const Finding& finding : findings)
    if (finding.outcome != Outcome::pass) order.push_back(&finding);
  std::stable_sort(order.begin(), order.end(),
                   [](const Finding* a, const Finding* b) { return a->outcome > b->outcome; });
  return order;
}

void append_once(std::vector<std::string>& list, const std::string& text) {
  if (!text.empty() && std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
}

}  // namespace

const char* outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass:
      return "pass";
    case Outcome::hold:
      return "hold";
    case Outcome::refuse:
      return "refuse";
  }
  return "hold";
}

std::span<const std::string_view> categories() { return kCategories; }

std::vector<std::string> Verdict::reasons() const {
  std::vector<std::string> sentences;
  for (const Finding* finding : strictest_first(findings)) append_once(sentences, finding->reason);
  return sentences;
}

std::vector<std::string> Verdict::rules() const {
  std::vector<std::string> names;
  for (const Finding* finding : strictest_first(findings)) append_once(names, finding->rule);
  return names;
}

Verdict make_verdict(std::string policy_version, std::vector<Finding> findings) {
  Verdict verdict;
  verdict.policy = std::move(policy_version);
  for (const std::string_view name : kCategories) verdict.categories.push_back({std::string(name)});
  for (const Finding& finding : findings) {
    verdict.outcome = stricter(verdict.outcome, finding.outcome);
    if (finding.category.empty()) continue;  // a check that failed has looked at nothing
    const auto category =
        std::find_if(verdict.categories.begin(), verdict.categories.end(),
                     [&](const CategoryVerdict& known) { return known.category == finding.category; });
    LIMNER_CHECK(category != verdict.categories.end(), "a check finds what is in categories()");
    category->score = std::max(category->score.value_or(0), finding.score);
    category->outcome = stricter(category->outcome, finding.outcome);
    append_once(category->checks, finding.check);
  }
  verdict.findings = std::move(findings);
  return verdict;
}

Json verdict_json(const Verdict& verdict) {
  Json all = Json::object();
  for (const CategoryVerdict& category : verdict.categories) {
    if (category.score)
      all[category.category] = {{"verdict", outcome_name(category.outcome)},
                                {"score", *category.score},
                                {"checks", category.checks}};
    else
      all[category.category] = {{"verdict", "unchecked"}};
  }
  return {{"verdict", outcome_name(verdict.outcome)},
          {"categories", all},
          {"reasons", verdict.reasons()},
          {"policy", verdict.policy}};
}

}  // namespace limner
