#pragma once
// A check: one way to look at prompts or at a picture. A new one is a file in checks/ and a line in
// checks.cpp.

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/picture.h"
#include "policy/encoded_prompts.h"
#include "policy/policy_value.h"
#include "policy/verdict.h"

namespace limner {

/// Looks at a request's prompts. Const members may be called from several threads.
class PromptCheck {
 public:
  virtual ~PromptCheck() = default;
  /// One finding a rule, those that pass too: they say which categories were looked at. An Error is for what
  /// kept it from looking, and makes a hold.
  virtual Result<std::vector<Finding>> look(std::span<const EncodedPrompt* const> prompts) const = 0;
};

/// The same for a picture that comes in or goes out.
class PictureCheck {
 public:
  virtual ~PictureCheck() = default;
  virtual Result<std::vector<Finding>> look(const Picture& picture) const = 0;
};

/// A kind of check. One of the makers is null: it looks at prompts or at pictures.
struct CheckInfo {
  std::string_view name;  ///< as findings carry it: "terms"
  std::string_view key;   ///< of its rules in the policy's [prompt] or [picture] table
  std::string_view doc;   ///< one line for listings
  /// A part of a policy file that a test may parse: at least one rule.
  std::string_view example;
  /// Reads what stands under the key. Errors name file, line, key, value and what is allowed.
  Result<std::unique_ptr<PromptCheck>> (*make_prompt_check)(const PolicyValue&) = nullptr;
  Result<std::unique_ptr<PictureCheck>> (*make_picture_check)(const PolicyValue&) = nullptr;

  /// The table it belongs to: "prompt" or "picture".
  std::string_view table() const { return make_prompt_check ? "prompt" : "picture"; }
};

/// Every kind of check there is.
std::span<const CheckInfo* const> checks();

}  // namespace limner
