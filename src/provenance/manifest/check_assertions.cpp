#include <algorithm>
#include <set>

#include "base/crypto.h"
#include "provenance/manifest/check_manifest.h"

namespace limner {
namespace {

void check_reference(const ReadManifest& manifest, const ReadAssertion& assertion,
                     std::vector<SignatureFinding>& findings) {
  const std::string& url = assertion.reference.url;
  if (!assertion.box)
    return add_failure(findings, "assertion.missing", url, "the claim names an assertion that is not there");
  const std::string& digest = manifest.digests->of(*assertion.box, assertion.reference.algorithm);
  if (digest.empty())
    return add_failure(findings, "algorithm.unsupported", url, "hashed with an unknown algorithm");
  if (!equal_in_constant_time(digest, assertion.reference.hash))
    return add_failure(findings, "assertion.hashedURI.mismatch", url,
                       "the assertion is not the one that was signed");
  add_success(findings, "assertion.hashedURI.match", assertion.label());
}

bool begins(std::string_view action) { return action == "c2pa.created" || action == "c2pa.opened"; }

// The ingredients that an action refers to lead to ingredient assertions of the same claim.
bool refers_to_ingredient(const ReadManifest& manifest, const Cbor& action) {
  const Cbor* parameters = action.find("parameters", Cbor::Kind::map);
  const Cbor* references = parameters ? parameters->find("ingredients", Cbor::Kind::array) : nullptr;
  if (!references || references->items.empty()) return false;
  return std::all_of(references->items.begin(), references->items.end(), [&](const Cbor& item) {
    const HashedUri uri = read_hashed_uri(item, manifest.hash_algorithm);
    const Jumbf* box = resolve_uri(uri.url, *manifest.store, *manifest.box);
    return box &&
           std::any_of(manifest.assertions.begin(), manifest.assertions.end(),
                       [&](const ReadAssertion& assertion) {
                         return assertion.box == box && assertion.label().starts_with("c2pa.ingredient") &&
                                equal_in_constant_time(manifest.digests->of(*box, uri.algorithm), uri.hash);
                       });
  });
}

}  // namespace

void check_assertions(const ReadManifest& manifest, std::vector<SignatureFinding>& findings) {
  std::set<const Jumbf*> named;
  for (const ReadAssertion& assertion : manifest.assertions) {
    check_reference(manifest, assertion, findings);
    if (assertion.box) named.insert(assertion.box);
  }
  if (const Jumbf* store = manifest.box->find("c2pa.assertions"))
    for (const Jumbf& box : store->boxes)
      if (!named.contains(&box))
        add_failure(findings, "assertion.undeclared", box.label, "an assertion that the claim does not name");
}

void check_actions(const ReadManifest& manifest, std::vector<SignatureFinding>& findings) {
  if (manifest.version_1) return;  // their rules came with version 2
  size_t count = 0, beginnings = 0;
  for (const ReadAssertion& assertion : manifest.assertions) {
    if (!assertion.is("c2pa.actions.v2") && !assertion.is("c2pa.actions")) continue;
    const Cbor* actions = assertion.content.find("actions", Cbor::Kind::array);
    if (!actions || actions->items.empty())
      return add_failure(findings, "assertion.action.malformed", assertion.label(), "no list of actions");
    for (const Cbor& action : actions->items) {
      const std::string_view name = action.text_at("action");
      const bool first = count++ == 0;
      if (begins(name)) ++beginnings;
      if (first != begins(name))
        return add_failure(findings, "assertion.action.malformed", assertion.label(),
                           "the first action, and no other, creates or opens");
      if (name == "c2pa.opened" && !refers_to_ingredient(manifest, action))
        return add_failure(findings, "assertion.action.ingredientMismatch", assertion.label(),
                           "what was opened is no ingredient of the claim");
    }
  }
  if (beginnings != 1)
    add_failure(findings, "assertion.action.malformed", manifest.box->label, "no action creates or opens");
}

void check_ingredients(const ReadManifest& manifest, std::vector<SignatureFinding>& findings) {
  size_t parents = 0;
  for (const ReadAssertion& assertion : manifest.assertions) {
    if (!assertion.label().starts_with("c2pa.ingredient") || !assertion.content.is(Cbor::Kind::map)) continue;
    if (assertion.content.text_at("relationship") == "parentOf" && ++parents == 2)
      add_failure(findings, "manifest.multipleParents", assertion.label(), "a picture has one parent");
    const std::pair<const char*, const char*> references[] = {
        {"activeManifest", "ingredient.manifest.mismatch"},
        {"c2pa_manifest", "ingredient.manifest.mismatch"},
        {"claimSignature", "ingredient.claimSignature.mismatch"}};
    for (const auto& [key, code] : references) {
      const Cbor* reference = assertion.content.find(key);
      if (!reference) continue;
      const HashedUri uri = read_hashed_uri(*reference, manifest.hash_algorithm);
      const Jumbf* box = resolve_uri(uri.url, *manifest.store, *manifest.box);
      if (!box || !equal_in_constant_time(manifest.digests->of(*box, uri.algorithm), uri.hash))
        add_failure(findings, code, assertion.label(), "the ingredient's manifest is missing or was changed");
    }
  }
}

}  // namespace limner
