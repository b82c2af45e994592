// The check "terms": lists of words and phrases that a prompt may not hold.

#include <fmt/format.h>

#include <algorithm>

#include "policy/check.h"
#include "policy/term_matcher.h"

namespace limner {

extern const CheckInfo kTermsCheck;

namespace {

constexpr size_t kTermRulesMax = 256, kTermsMax = 20000, kTermBytesMax = 512;

struct TermRule {
  std::string name, category;
  Outcome action = Outcome::refuse;
};

class TermsCheck final : public PromptCheck {
 public:
  static Result<std::unique_ptr<PromptCheck>> make(const PolicyValue& value) {
    auto check = std::make_unique<TermsCheck>();
    for (const PolicyValue& rule : *TRY(list_of(value, 1, kTermRulesMax))) TRY(check->add_rule(rule));
    check->matcher_.finish();
    return std::unique_ptr<PromptCheck>(std::move(check));
  }

  Result<std::vector<Finding>> look(std::span<const EncodedPrompt* const> prompts) const override {
    std::vector<Finding> findings;
    for (const TermRule& rule : rules_)
      findings.push_back({std::string(kTermsCheck.name), rule.name, rule.category, 0, Outcome::pass, ""});
    for (const EncodedPrompt* prompt : prompts)
      for (const PromptText& text : prompt->texts)
        for (const size_t broken : matcher_.broken_rules(text)) note(findings[broken], broken, prompt->role);
    return findings;
  }

 private:
  Result<void> add_rule(const PolicyValue& value) {
    PolicyTable table = TRY(PolicyTable::of(value));
    TermRule rule;
    const PolicyValue* name = TRY(table.required("name"));
    rule.name = TRY(name_of(*name));
    const bool taken = std::any_of(rules_.begin(), rules_.end(),
                                   [&](const TermRule& other) { return other.name == rule.name; });
    if (taken) return name->error("is the name of another rule");
    const std::string action = TRY(word_of(*TRY(table.required("action")), {"refuse", "hold"}));
    rule.action = action == "hold" ? Outcome::hold : Outcome::refuse;
    rule.category = kOtherCategory;
    if (const PolicyValue* category = table.optional("category"))
      rule.category = TRY(word_of(*category, {categories().begin(), categories().end()}));
    const PolicyValue* terms = TRY(table.required("terms"));
    for (const PolicyValue& term : *TRY(list_of(*terms, 1, kTermsMax))) TRY(add_text(term, false));
    if (const PolicyValue* except = table.optional("except"))
      for (const PolicyValue& phrase : *TRY(list_of(*except, 0, kTermsMax))) TRY(add_text(phrase, true));
    TRY(table.finish());
    rules_.push_back(std::move(rule));
    return {};
  }

  Result<void> add_text(const PolicyValue& value, bool exception) {
    const std::string text = TRY(text_of(value, kTermBytesMax));
    const Result<void> added =
        exception ? matcher_.add_exception(rules_.size(), text) : matcher_.add_term(rules_.size(), text);
    if (!added) return value.error(added.error().message);
    return {};
  }

  void note(Finding& finding, size_t broken, EncodedPrompt::Role role) const {
    if (finding.outcome != Outcome::pass) return;
    const TermRule& rule = rules_[broken];
    finding.score = 1;
    finding.outcome = rule.action;
    finding.reason = fmt::format("{} {} by the rule \"{}\"", role_name(role),
                                 rule.action == Outcome::hold ? "is held" : "is refused", rule.name);
  }

  std::vector<TermRule> rules_;
  TermMatcher matcher_;
};

constexpr std::string_view kTermsExample = R"([[prompt.terms]]
name = "undress"
action = "refuse"
category = "sexual"
terms = ["undress*", "take off clothes"]
except = ["undressed salad"]
)";

}  // namespace

const CheckInfo kTermsCheck{.name = "terms",
                            .key = "terms",
                            .doc = "words and phrases in prompts, however they are written",
                            .example = kTermsExample,
                            .make_prompt_check = TermsCheck::make};

}  // namespace limner
