// The check "classifiers": scores of pictures, in three bands.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/model_library.h"
#include "engine/picture_classifier.h"
#include "policy/check.h"
#include "policy/checks/late_loaded.h"

namespace limner {

extern const CheckInfo kPictureClassesCheck;

namespace {

constexpr size_t kClassRulesMax = 16, kClassesMax = 16;

using Scores = Result<std::map<std::string, double>>;
using LateClassifier = LateLoaded<PictureClassifier>;

// A score for every class, by name.
Scores scores_of(LateClassifier& late, const Picture& picture) {
  const PictureClassifier* classifier = TRY(late.get());
  const std::vector<float> scores = TRY(classifier->classify(picture));
  std::map<std::string, double> by_class;
  for (size_t i = 0; i < scores.size(); ++i) by_class[classifier->classes()[i]] = scores[i];
  return by_class;
}

struct ClassRule {
  std::string name, category, classifier;
  std::vector<std::string> classes;
  double hold = 1, refuse = 1;
};

class PictureClassesCheck final : public PictureCheck {
 public:
  static Result<std::unique_ptr<PictureCheck>> make(const PolicyValue& value) {
    auto check = std::make_unique<PictureClassesCheck>();
    for (const PolicyValue& rule : *TRY(list_of(value, 1, kClassRulesMax))) TRY(check->add_rule(rule));
    return std::unique_ptr<PictureCheck>(std::move(check));
  }

  Result<std::vector<Finding>> look(const Picture& picture) const override {
    std::map<std::string, Scores> scores;
    for (const auto& [name, classifier] : classifiers_) scores.emplace(name, scores_of(*classifier, picture));
    std::vector<Finding> findings;
    for (const ClassRule& rule : rules_) {
      Result<Finding> finding = judge(rule, scores.at(rule.classifier));
      if (!finding)
        finding =
            Finding{std::string(kPictureClassesCheck.name),
                    rule.name,
                    "",
                    0,
                    Outcome::hold,
                    fmt::format("the rule \"{}\" could not be asked: {}", rule.name, finding.error().text())};
      findings.push_back(std::move(finding).value());
    }
    return findings;
  }

 private:
  Result<void> add_rule(const PolicyValue& value) {
    PolicyTable table = TRY(PolicyTable::of(value));
    ClassRule rule;
    const PolicyValue* name = TRY(table.required("name"));
    rule.name = TRY(name_of(*name));
    const bool taken = std::any_of(rules_.begin(), rules_.end(),
                                   [&](const ClassRule& other) { return other.name == rule.name; });
    if (taken) return name->error("is the name of another rule");
    rule.classifier = TRY(name_of(*TRY(table.required("classifier"))));
    rule.category =
        TRY(word_of(*TRY(table.required("category")), {categories().begin(), categories().end()}));
    for (const PolicyValue& one : *TRY(list_of(*TRY(table.required("classes")), 1, kClassesMax)))
      rule.classes.push_back(TRY(name_of(one)));
    rule.hold = TRY(number_of(*TRY(table.required("hold")), 0, 1));
    const PolicyValue* refuse = TRY(table.required("refuse"));
    rule.refuse = TRY(number_of(*refuse, 0, 1));
    if (rule.refuse < rule.hold) return refuse->error(fmt::format("is below hold, which is {}", rule.hold));
    TRY(table.finish());
    auto& classifier = classifiers_[rule.classifier];
    // One thread: in a service the others draw.
    if (!classifier)
      classifier = std::make_unique<LateClassifier>(
          [name = rule.classifier]() -> Result<std::unique_ptr<PictureClassifier>> {
            return PictureClassifier::load(TRY(find_classifier(name, "classifier")), 1);
          });
    rules_.push_back(std::move(rule));
    return {};
  }

  static Result<Finding> judge(const ClassRule& rule, const Scores& scores) {
    if (!scores) return scores.error();
    double score = 0;
    for (const std::string& wanted : rule.classes) {
      const auto found = scores->find(wanted);
      if (found == scores->end()) return no_such_class(rule, wanted, *scores);
      score += found->second;
    }
    const Outcome outcome = score >= rule.refuse ? Outcome::refuse
                            : score >= rule.hold ? Outcome::hold
                                                 : Outcome::pass;
    std::string reason;
    if (outcome != Outcome::pass)
      reason = fmt::format("the picture {} by the rule \"{}\"",
                           outcome == Outcome::hold ? "is held" : "is refused", rule.name);
    return Finding{
        std::string(kPictureClassesCheck.name), rule.name, rule.category, score, outcome, std::move(reason)};
  }

  static Error no_such_class(const ClassRule& rule, const std::string& wanted,
                             const std::map<std::string, double>& scores) {
    std::string known;
    for (const auto& [name, score] : scores) known += (known.empty() ? "" : ", ") + name;
    return invalid("classes", fmt::format("{} has no class \"{}\", but {}", rule.classifier, wanted, known));
  }

  std::vector<ClassRule> rules_;
  std::map<std::string, std::unique_ptr<LateClassifier>> classifiers_;  // each loaded and asked once
};

constexpr std::string_view kClassifiersExample = R"([[picture.classifiers]]
name = "nudity"
classifier = "open-nsfw"
category = "sexual"
classes = ["nsfw"]
hold = 0.4
refuse = 0.8
)";

}  // namespace

const CheckInfo kPictureClassesCheck{.name = "classifiers",
                                     .key = "classifiers",
                                     .doc = "scores that a network gives a picture, in three bands",
                                     .example = kClassifiersExample,
                                     .make_picture_check = PictureClassesCheck::make};

}  // namespace limner
