#include "policy/gate.h"

#include <fmt/format.h>

#include <exception>

namespace limner {
namespace {

Finding held(std::string reason) { return {"", "", "", 0, Outcome::hold, std::move(reason)}; }

// What `look` finds. A check that throws is one that errs: third parties' exceptions end here.
template <class Look>
Result<std::vector<Finding>> ask(Look look) {
  try {
    return look();
  } catch (const std::exception& error) {
    return Error{Code::internal, "", error.what(), ""};
  } catch (...) {
    return Error{Code::internal, "", "an unknown exception", ""};
  }
}

template <class Checks, class Look>
void run_checks(const Checks& checks, Look look, TimeUs timeout, const Clock& clock,
                std::vector<Finding>& findings) {
  const TimeUs end = clock.steady() + timeout;
  for (const auto& check : checks) {
    Result<std::vector<Finding>> found = ask([&] { return look(*check); });
    if (!found) {
      findings.push_back(held("a check failed: " + found.error().text()));
    } else {
      findings.insert(findings.end(), found->begin(), found->end());
    }
    if (clock.steady() > end) {
      findings.push_back(held(fmt::format("the checks took longer than {} ms", timeout / 1000)));
      return;
    }
  }
}

}  // namespace

Verdict check_prompts(const Policy& policy, const EncodedPrompts& prompts, const Clock& clock) {
  std::vector<Finding> findings;
  if (prompts.unreadable)
    findings.push_back(held("the prompt cannot be read: " + prompts.unreadable->text()));
  std::vector<const EncodedPrompt*> checked;
  for (const EncodedPrompt& prompt : prompts.prompts)
    if (prompt.role != EncodedPrompt::Role::negative || policy.check_negative) checked.push_back(&prompt);
  run_checks(
      policy.prompt_checks, [&](const PromptCheck& check) { return check.look(checked); },
      policy.prompt_timeout, clock, findings);
  return make_verdict(policy.version, std::move(findings));
}

Verdict check_picture(const Policy& policy, const Picture& picture, const Clock& clock) {
  std::vector<Finding> findings;
  run_checks(
      policy.picture_checks, [&](const PictureCheck& check) { return check.look(picture); },
      policy.picture_timeout, clock, findings);
  return make_verdict(policy.version, std::move(findings));
}

}  // namespace limner
