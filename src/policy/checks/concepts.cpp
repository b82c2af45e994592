// The check "concepts": what a CLIP vision network finds a picture to be near to.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/concept_head.h"
#include "engine/model_library.h"
#include "policy/check.h"
#include "policy/checks/late_loaded.h"

namespace limner {

extern const CheckInfo kConceptsCheck;

namespace {

constexpr size_t kConceptRulesMax = 16, kConceptsInRuleMax = 256;

struct ConceptRule {
  std::string name, category, model;
  std::vector<std::string> concepts;  // empty: all
  double hold = 0, refuse = 0;
};

using Margins = Result<std::vector<ConceptMargin>>;

class ConceptsCheck final : public PictureCheck {
 public:
  static Result<std::unique_ptr<PictureCheck>> make(const PolicyValue& value) {
    auto check = std::make_unique<ConceptsCheck>();
    for (const PolicyValue& rule : *TRY(list_of(value, 1, kConceptRulesMax))) TRY(check->add_rule(rule));
    return std::unique_ptr<PictureCheck>(std::move(check));
  }

  Result<std::vector<Finding>> look(const Picture& picture) const override {
    std::map<std::string, Margins> margins;
    for (const auto& [name, head] : heads_) margins.emplace(name, margins_of(*head, picture));
    std::vector<Finding> findings;
    for (const ConceptRule& rule : rules_) {
      const Margins& near = margins.at(rule.model);
      Result<Finding> finding = near ? judge(rule, *near) : near.error();
      if (!finding) finding = not_asked(rule, finding.error());
      findings.push_back(std::move(finding).value());
    }
    return findings;
  }

 private:
  Result<void> add_rule(const PolicyValue& value) {
    PolicyTable table = TRY(PolicyTable::of(value));
    ConceptRule rule;
    const PolicyValue* name = TRY(table.required("name"));
    rule.name = TRY(name_of(*name));
    if (std::ranges::find(rules_, rule.name, &ConceptRule::name) != rules_.end())
      return name->error("is the name of another rule");
    rule.model = TRY(name_of(*TRY(table.required("model"))));
    rule.category =
        TRY(word_of(*TRY(table.required("category")), {categories().begin(), categories().end()}));
    if (const PolicyValue* concepts = table.optional("concepts"))
      for (const PolicyValue& one : *TRY(list_of(*concepts, 1, kConceptsInRuleMax)))
        rule.concepts.push_back(TRY(name_of(one)));
    if (const PolicyValue* hold = table.optional("hold")) rule.hold = TRY(number_of(*hold, -1, 1));
    rule.refuse = rule.hold;
    if (const PolicyValue* refuse = table.optional("refuse")) {
      rule.refuse = TRY(number_of(*refuse, -1, 1));
      if (rule.refuse < rule.hold) return refuse->error(fmt::format("is below hold, which is {}", rule.hold));
    }
    TRY(table.finish());
    auto& head = heads_[rule.model];
    // One thread: in a service the others draw.
    if (!head)
      head = std::make_unique<LateLoaded<ConceptHead>>(
          [name = rule.model]() -> Result<std::unique_ptr<ConceptHead>> {
            return ConceptHead::load(TRY(find_concepts(name, "model")), 1);
          });
    rules_.push_back(std::move(rule));
    return {};
  }

  static Margins margins_of(LateLoaded<ConceptHead>& late, const Picture& picture) {
    const ConceptHead* head = TRY(late.get());
    return head->margins(picture);
  }

  // Without a category: nobody looked.
  static Finding not_asked(const ConceptRule& rule, const Error& error) {
    return {std::string(kConceptsCheck.name),
            rule.name,
            "",
            0,
            Outcome::hold,
            fmt::format("the rule \"{}\" could not be asked: {}", rule.name, error.text())};
  }

  // The nearest of the rule's concepts decides.
  static Result<Finding> judge(const ConceptRule& rule, const std::vector<ConceptMargin>& margins) {
    double nearest = -2;
    for (const std::string& wanted : rule.concepts)
      if (std::ranges::find(margins, wanted, &ConceptMargin::name) == margins.end())
        return invalid("concepts", fmt::format("{} has no concept \"{}\"", rule.model, wanted));
    for (const ConceptMargin& margin : margins)
      if (rule.concepts.empty() || std::ranges::find(rule.concepts, margin.name) != rule.concepts.end())
        nearest = std::max(nearest, margin.margin);
    const Outcome outcome = nearest > rule.refuse ? Outcome::refuse
                            : nearest > rule.hold ? Outcome::hold
                                                  : Outcome::pass;
    std::string reason;
    if (outcome != Outcome::pass)
      reason = fmt::format("the picture {} by the rule \"{}\"",
                           outcome == Outcome::hold ? "is held" : "is refused", rule.name);
    // At its threshold a concept has the score 0.5.
    const double score = std::clamp((1 + nearest) / 2, 0.0, 1.0);
    return Finding{
        std::string(kConceptsCheck.name), rule.name, rule.category, score, outcome, std::move(reason)};
  }

  std::vector<ConceptRule> rules_;
  std::map<std::string, std::unique_ptr<LateLoaded<ConceptHead>>> heads_;  // each loaded and asked once
};

constexpr std::string_view kConceptsExample = R"([[picture.concepts]]
name = "unsafe-concepts"
model = "safety-checker"
category = "sexual"
hold = -0.01
refuse = 0.0
)";

}  // namespace

const CheckInfo kConceptsCheck{.name = "concepts",
                               .key = "concepts",
                               .doc = "concepts that a CLIP network finds a picture to be near to",
                               .example = kConceptsExample,
                               .make_picture_check = ConceptsCheck::make};

}  // namespace limner
