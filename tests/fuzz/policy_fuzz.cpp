// A policy file up to the first NUL byte, then a prompt that it is asked about.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "policy/gate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limner;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view text = input.substr(0, input.find('\0'));
  const Result<Policy> policy = parse_policy(text, "policy.toml");
  if (!policy) {
    if (policy.error().message.empty()) std::abort();
    return 0;
  }
  DrawingParams params;
  params.prompt = text.size() < input.size() ? input.substr(text.size() + 1) : text;
  params.prompt_syntax = "a1111";
  const ManualClock clock(0);
  const EncodedPrompts prompts = encoded_prompts(params, 5);
  const Verdict verdict = check_prompts(*policy, prompts, clock);
  if (prompts.unreadable && verdict.outcome == Outcome::pass) std::abort();
  if (verdict.outcome != Outcome::pass && verdict.reasons().empty()) std::abort();
  return 0;
}
