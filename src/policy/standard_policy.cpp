#include "policy/standard_policy.h"

#include "base/check.h"

namespace limner {
namespace {

constexpr const char* kText = R"(version = "standard-1"

[[prompt.terms]]
name = "sexual-minors"
action = "refuse"
category = "sexual/minors"
terms = [
  "child porn*", "kiddie porn*", "kid porn*", "preteen porn*", "underage porn*", "teen porn*", "toddler porn*",
  "nude child*", "naked child*", "child nude*", "nude kid*", "naked kid*", "nude toddler*", "naked toddler*",
  "nude preteen*", "naked preteen*", "preteen nude*", "nude underage", "underage nude*", "underage sex*",
  "child sex", "sex with child*", "sexy child*", "sexy kid*", "erotic child*", "lolicon", "shotacon",
]
)";

}  // namespace

Policy standard_policy() {
  Result<Policy> policy = parse_policy(kText, "standard policy");
  LIMNER_CHECK(policy, "the built-in policy is a policy");
  return std::move(policy).value();
}

}  // namespace limner
