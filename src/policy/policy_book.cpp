#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "policy/policy.h"

namespace limner {
namespace {

bool names(const std::vector<std::string>& list, std::string_view name) {
  return list.empty() || std::find(list.begin(), list.end(), name) != list.end();
}

// How special a scope is: a tenant's policy goes before a tier's.
int rank(const PolicyScope& scope) { return (scope.tenants.empty() ? 0 : 2) + (scope.tiers.empty() ? 0 : 1); }

bool overlap(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  if (a.empty() && b.empty()) return true;
  return std::any_of(a.begin(), a.end(),
                     [&](const std::string& name) { return std::find(b.begin(), b.end(), name) != b.end(); });
}

bool claim_the_same(const PolicyScope& a, const PolicyScope& b) {
  return rank(a) == rank(b) && overlap(a.tenants, b.tenants) && overlap(a.tiers, b.tiers);
}

}  // namespace

Result<PolicyBook> PolicyBook::make(std::vector<Policy> policies) {
  for (size_t i = 0; i < policies.size(); ++i)
    for (size_t k = i + 1; k < policies.size(); ++k)
      if (claim_the_same(policies[i].scope, policies[k].scope))
        return invalid("applies_to", fmt::format("the policies {} and {} are for the same requests",
                                                 policies[i].version, policies[k].version));
  const bool for_everyone = std::any_of(policies.begin(), policies.end(),
                                        [](const Policy& policy) { return rank(policy.scope) == 0; });
  if (!for_everyone)
    return invalid("applies_to", "no policy is for everyone", "leave applies_to out of one of them");
  PolicyBook book;
  book.policies_ = std::move(policies);
  return book;
}

Result<PolicyBook> PolicyBook::read(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (at->path().extension() == ".toml") files.push_back(at->path());
  if (error) return not_found("policy.folder", fmt::format("{}: {}", folder.string(), error.message()));
  if (files.empty())
    return not_found("policy.folder", fmt::format("{} has no file NAME.toml", folder.string()));
  std::ranges::sort(files);
  std::vector<Policy> policies;
  for (const std::filesystem::path& file : files) policies.push_back(TRY(read_policy(file)));
  return make(std::move(policies));
}

const Policy& PolicyBook::policy_for(std::string_view tenant, std::string_view tier) const {
  const Policy* best = nullptr;
  for (const Policy& policy : policies_)
    if (names(policy.scope.tenants, tenant) && names(policy.scope.tiers, tier) &&
        (!best || rank(policy.scope) > rank(best->scope)))
      best = &policy;
  LIMNER_CHECK(best, "a book has a policy for everyone");
  return *best;
}

}  // namespace limner
