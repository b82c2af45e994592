#pragma once
// What an operator wants checked: read from a file, the same for everyone who reads that file.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "policy/check.h"

namespace limner {

/// Whose requests a policy is for. An empty list is everyone.
struct PolicyScope {
  std::vector<std::string> tenants, tiers;
};

/// What becomes of previews where pictures are checked.
enum class PreviewRule : uint8_t {
  withhold,  ///< none is shown
  check      ///< each is checked as a picture is: what does not pass is not shown, and what is refused ends
             ///< the drawing
};

/// Checks with their rules. Const members may be used from several threads.
struct Policy {
  std::string version;
  PolicyScope scope;
  bool check_negative = false;  ///< whether negative prompts are checked as well
  TimeUs prompt_timeout = 5 * kSecondUs;
  TimeUs picture_timeout = 60 * kSecondUs;
  PreviewRule previews = PreviewRule::withhold;
  double sample = 0;  ///< share of the pictures that pass which a person looks at all the same, 0 to 1
  int reviewers = 1;  ///< who must agree about what is held
  std::vector<std::shared_ptr<const PromptCheck>> prompt_checks;
  std::vector<std::shared_ptr<const PictureCheck>> picture_checks;
};

/// Reads a policy's text; `file` names it in errors, which also name line, key, value and what is allowed.
/// Unknown keys are refused.
Result<Policy> parse_policy(std::string_view text, const std::string& file);

/// Reads the policy file at `path`, of at most kPolicyBytesMax.
Result<Policy> read_policy(const std::filesystem::path& path);

/// The policies of a service.
class PolicyBook {
 public:
  /// One policy must be for everyone, and no two for the same tenant and tier with the same right: else
  /// `invalid`.
  static Result<PolicyBook> make(std::vector<Policy> policies);

  /// From all *.toml files of a folder, in the order of their names. `not_found` if there are none.
  static Result<PolicyBook> read(const std::filesystem::path& folder);

  /// The most special policy for a request: one for its tenant and tier, else for its tenant, else for its
  /// tier, else the one for everyone.
  const Policy& policy_for(std::string_view tenant, std::string_view tier) const;

 private:
  std::vector<Policy> policies_;
};

}  // namespace limner
