#include "jobs/policy_desk.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/check.h"
#include "base/crypto.h"
#include "base/sha256.h"
#include "policy/standard_policy.h"

namespace limner {
namespace {

std::shared_ptr<const PolicyBook> standard_book() {
  Result<PolicyBook> book = PolicyBook::make({standard_policy()});
  LIMNER_CHECK(book, "the built-in policy is for everyone");
  return std::make_shared<const PolicyBook>(std::move(book).value());
}

Standing standing_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::pass:
      return Standing::passed;
    case Outcome::hold:
      return Standing::held;
    case Outcome::refuse:
      return Standing::refused;
  }
  return Standing::held;
}

VerdictRow row_of(const Verdict& verdict, VerdictStage stage, std::string_view subject, TimeUs now) {
  VerdictRow row;
  row.stage = stage;
  row.subject = subject;
  row.standing = standing_of(verdict.outcome);
  row.policy = verdict.policy;
  row.rules = verdict.rules();
  row.reasons = verdict.reasons();
  for (const CategoryVerdict& category : verdict.categories)
    row.risk = std::clamp(category.score.value_or(0), row.risk, 1.0);
  row.categories = verdict_json(verdict)["categories"];
  row.created = now;
  return row;
}

// The same picture is always or never of the sample.
bool is_sampled(std::string_view id, double share) {
  if (share <= 0) return false;
  const std::string digits = sha256_hex(as_bytes(id)).substr(0, 8);
  return static_cast<double>(std::stoul(digits, nullptr, 16)) < share * 4294967296.0;
}

// How policy_error() ends a message, for categories_named(): " (policy VERSION: sexual, violence)".
constexpr std::string_view kPolicyNamed = " (policy ", kObjectedTo = ": ", kAnd = ", ";

std::string objected_to(const VerdictRow& verdict) {
  std::vector<std::string> names;
  for (const auto& [name, said] : verdict.categories.items()) {
    const std::string outcome = said.value("verdict", "");
    if (outcome == outcome_name(Outcome::refuse) || outcome == outcome_name(Outcome::hold))
      names.push_back(name);
  }
  return names.empty() ? "" : fmt::format("{}{}", kObjectedTo, fmt::join(names, kAnd));
}

}  // namespace

PolicyDesk::PolicyDesk(std::shared_ptr<const PolicyBook> book, const Clock& clock, Metrics& metrics)
    : book_(book ? std::move(book) : standard_book()),
      clock_(clock),
      verdicts_(metrics.counter("limner_moderation_verdicts_total",
                                "What policies said of prompts and pictures.",
                                {"stage", "policy", "verdict"})),
      seconds_(metrics.histogram("limner_moderation_seconds", "What asking a policy takes.", kShortSeconds,
                                 {"stage"})) {}

void PolicyDesk::count(const VerdictRow& verdict, TimeUs started) const {
  const char* stage = verdict_stage_name(verdict.stage);
  verdicts_.with({stage, verdict.policy, standing_name(verdict.standing)}).add();
  seconds_.with({stage}).observe(static_cast<double>(clock_.steady() - started) / kSecondUs);
}

const Policy& PolicyDesk::policy_for(const PolicySubject& subject) const {
  return book_->policy_for(subject.tenant, tier_name(subject.tier));
}

VerdictRow PolicyDesk::ask_prompt(const PolicySubject& subject, const JobRequest& request, int steps) const {
  const TimeUs started = clock_.steady();
  // The pictures of a job differ in seeds, and in how far they are blended: the first speaks for all.
  const EncodedPrompts prompts =
      encoded_prompts(params_of_picture(request, 0), steps > 0 ? steps : kStepsUnknown);
  VerdictRow row =
      row_of(check_prompts(policy_for(subject), prompts, clock_), VerdictStage::prompt, "", clock_.now());
  count(row, started);
  return row;
}

VerdictRow PolicyDesk::ask_picture(const PolicySubject& subject, VerdictStage stage, std::string_view id,
                                   const Picture& picture) const {
  const TimeUs started = clock_.steady();
  const Policy& policy = policy_for(subject);
  VerdictRow row = row_of(check_picture(policy, picture, clock_), stage, id, clock_.now());
  row.sampled =
      stage == VerdictStage::output && row.standing == Standing::passed && is_sampled(id, policy.sample);
  count(row, started);
  return row;
}

JobError policy_error(const VerdictRow& verdict) {
  const char* field = verdict.stage == VerdictStage::prompt  ? "prompt"
                      : verdict.stage == VerdictStage::input ? "init"
                                                             : "picture";
  std::string reasons;
  for (const std::string& reason : verdict.reasons) reasons += (reasons.empty() ? "" : "; ") + reason;
  if (reasons.empty()) reasons = "a policy objects";
  return {code_name(Code::refused), field,
          fmt::format("{}{}{}{})", reasons, kPolicyNamed, verdict.policy, objected_to(verdict)),
          verdict.standing == Standing::held ? "a person will look at it: ask for the job later"
                                             : "POST /v1/jobs/ID/appeal asks a person",
          "request"};
}

std::vector<std::string> categories_named(std::string_view message) {
  std::vector<std::string> names;
  const size_t policy = message.rfind(kPolicyNamed);
  const size_t list = message.rfind(kObjectedTo);
  if (policy == message.npos || list == message.npos || list < policy || !message.ends_with(')'))
    return names;
  std::string_view rest = message.substr(list + kObjectedTo.size());
  rest.remove_suffix(1);
  while (!rest.empty()) {
    const std::string_view name = rest.substr(0, rest.find(kAnd));
    rest.remove_prefix(std::min(rest.size(), name.size() + kAnd.size()));
    if (std::ranges::find(categories(), name) == categories().end()) return {};
    names.emplace_back(name);
  }
  return names;
}

Result<void> check_standing(Standing standing) {
  if (standing == Standing::passed) return {};
  return Error{
      Code::refused, "picture",
      standing == Standing::held ? "it waits for a person who reviews it" : "it was refused by policy",
      standing == Standing::held ? "ask for it later" : "POST /v1/jobs/ID/appeal asks a person"};
}

}  // namespace limner
