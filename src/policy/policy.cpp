#include "policy/policy.h"

#include <fmt/format.h>

#include "base/files.h"

namespace limner {
namespace {

constexpr size_t kScopeMax = 1000;

Result<std::vector<std::string>> names_of(const PolicyValue* value) {
  std::vector<std::string> names;
  if (!value) return names;
  for (const PolicyValue& name : *TRY(list_of(*value, 1, kScopeMax))) names.push_back(TRY(name_of(name)));
  return names;
}

Result<TimeUs> timeout_of(const PolicyValue* value, TimeUs otherwise) {
  if (!value) return otherwise;
  return static_cast<TimeUs>(TRY(number_of(*value, 1, 600'000)) * 1000);
}

Result<void> read_scope(const PolicyValue& value, Policy& policy) {
  PolicyTable table = TRY(PolicyTable::of(value));
  policy.scope.tenants = TRY(names_of(table.optional("tenants")));
  policy.scope.tiers = TRY(names_of(table.optional("tiers")));
  return table.finish();
}

// The rules of every check that belongs to the table "prompt" or "picture".
Result<void> read_checks(std::string_view name, PolicyTable& table, Policy& policy) {
  for (const CheckInfo* check : checks()) {
    if (check->table() != name) continue;
    const PolicyValue* rules = table.optional(check->key);
    if (!rules) continue;
    if (check->make_prompt_check)
      policy.prompt_checks.push_back(TRY(check->make_prompt_check(*rules)));
    else
      policy.picture_checks.push_back(TRY(check->make_picture_check(*rules)));
  }
  return {};
}

Result<void> read_prompt(const PolicyValue& value, Policy& policy) {
  PolicyTable table = TRY(PolicyTable::of(value));
  if (const PolicyValue* negative = table.optional("negative"))
    policy.check_negative = TRY(flag_of(*negative));
  policy.prompt_timeout = TRY(timeout_of(table.optional("timeout_ms"), policy.prompt_timeout));
  TRY(read_checks("prompt", table, policy));
  return table.finish();
}

Result<void> read_picture(const PolicyValue& value, Policy& policy) {
  PolicyTable table = TRY(PolicyTable::of(value));
  policy.picture_timeout = TRY(timeout_of(table.optional("timeout_ms"), policy.picture_timeout));
  if (const PolicyValue* previews = table.optional("previews"))
    policy.previews = TRY(word_of(*previews, {"withhold", "check"})) == "check" ? PreviewRule::check
                                                                                : PreviewRule::withhold;
  TRY(read_checks("picture", table, policy));
  return table.finish();
}

Result<void> read_review(const PolicyValue& value, Policy& policy) {
  PolicyTable table = TRY(PolicyTable::of(value));
  if (const PolicyValue* sample = table.optional("sample")) policy.sample = TRY(number_of(*sample, 0, 1));
  if (const PolicyValue* reviewers = table.optional("reviewers")) {
    const double count = TRY(number_of(*reviewers, 1, 2));
    if (count != 1 && count != 2) return reviewers->error("is not 1 or 2");
    policy.reviewers = static_cast<int>(count);
  }
  return table.finish();
}

}  // namespace

Result<Policy> parse_policy(std::string_view text, const std::string& file) {
  const PolicyValue root = TRY(parse_policy_text(text, file));
  PolicyTable table = TRY(PolicyTable::of(root));
  Policy policy;
  policy.version = TRY(name_of(*TRY(table.required("version"))));
  if (const PolicyValue* scope = table.optional("applies_to")) TRY(read_scope(*scope, policy));
  if (const PolicyValue* prompt = table.optional("prompt")) TRY(read_prompt(*prompt, policy));
  if (const PolicyValue* picture = table.optional("picture")) TRY(read_picture(*picture, policy));
  if (const PolicyValue* review = table.optional("review")) TRY(read_review(*review, policy));
  TRY(table.finish());
  return policy;
}

Result<Policy> read_policy(const std::filesystem::path& path) {
  const std::string text = TRY(read_file(path, kPolicyBytesMax));
  return parse_policy(text, path.string());
}

}  // namespace limner
