#include "provenance/manifest/read_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace limner {
namespace {

constexpr size_t kAssertionsMax = 256;
// Of all assertions together. A decoded item takes some 80 times the byte that it may be written as, and an
// honest manifest has some hundreds.
constexpr size_t kItemsMax = 65536;
constexpr std::string_view kAssertionStore = "c2pa.assertions";

// Exactly one box is the claim: with two, readers could disagree about which one was signed.
const Jumbf* claim_box(const Jumbf& manifest, std::vector<SignatureFinding>& findings) {
  const Jumbf* claim = nullptr;
  for (const Jumbf& box : manifest.boxes) {
    if (box.kind != "c2cl") continue;
    if (claim) {
      add_failure(findings, "claim.multiple", manifest.label, "the manifest has two claims");
      return nullptr;
    }
    claim = &box;
  }
  if (!claim) add_failure(findings, "claim.missing", manifest.label, "the manifest has no claim");
  return claim;
}

size_t count_items(const Cbor& item) {
  size_t count = 1;
  for (const Cbor& inner : item.items) count += count_items(inner);
  return count;
}

// What the claim's lists have told so far.
struct Named {
  std::set<const Jumbf*> boxes;
  size_t items = 0;
};

// Of the CBOR in a box; null if it holds none. False: a failure was added.
bool read_content(ReadAssertion& assertion, Named& named, std::vector<SignatureFinding>& findings) {
  const std::string_view bytes = assertion.box->only_content("cbor");
  if (bytes.empty()) return true;
  CborLimits limits;
  limits.items_max = std::min(limits.items_max, kItemsMax - named.items);
  Result<Cbor> content = decode_cbor(bytes, assertion.box->label, limits);
  if (!content) {
    add_failure(findings, "assertion.cbor.invalid", assertion.box->label, content.error().message);
    return false;
  }
  named.items += count_items(*content);
  assertion.content = std::move(*content);
  return true;
}

bool read_references(ReadManifest& manifest, std::string_view key, bool created, Named& named,
                     std::vector<SignatureFinding>& findings) {
  const Cbor* list = manifest.claim.find(key);
  if (!list) return true;
  if (!list->is(Cbor::Kind::array) || list->items.size() > kAssertionsMax) {
    add_failure(findings, "claim.malformed", key, "not a list of assertions, or too long");
    return false;
  }
  const Jumbf* assertions = manifest.box->find(kAssertionStore);
  for (const Cbor& item : list->items) {
    ReadAssertion assertion;
    assertion.created = created;
    assertion.reference = read_hashed_uri(item, manifest.hash_algorithm);
    const Jumbf* found = resolve_uri(assertion.reference.url, *manifest.store, *manifest.box);
    // Only assertions of the manifest itself: what lies elsewhere is not bound by this claim's manifest.
    if (assertions)
      for (const Jumbf& own : assertions->boxes)
        if (&own == found) assertion.box = found;
    if (assertion.box && !named.boxes.insert(assertion.box).second) {
      add_failure(findings, "claim.malformed", assertion.box->label, "the claim names an assertion twice");
      return false;
    }
    if (assertion.box && !read_content(assertion, named, findings)) return false;
    manifest.assertions.push_back(std::move(assertion));
  }
  return true;
}

}  // namespace

bool ReadAssertion::is(std::string_view name) const {
  const std::string_view own = label();
  return own == name || (own.starts_with(name) && own.substr(name.size()).starts_with("__"));
}

std::optional<ReadManifest> read_manifest(const Jumbf& store, const Jumbf& box,
                                          std::vector<SignatureFinding>& findings) {
  if (box.kind != "c2ma") {
    add_failure(findings, "general.error", box.label,
                "not a standard manifest; update and compressed manifests cannot be checked");
    return std::nullopt;
  }
  const Jumbf* claim = claim_box(box, findings);
  if (!claim) return std::nullopt;
  ReadManifest manifest;
  manifest.store = &store;
  manifest.box = &box;
  manifest.version_1 = claim->label == "c2pa.claim";
  manifest.claim_bytes = claim->only_content("cbor");
  Result<Cbor> content = decode_cbor(manifest.claim_bytes, claim->label);
  if (!content || !content->is(Cbor::Kind::map)) {
    add_failure(findings, "claim.cbor.invalid", claim->label,
                content ? "the claim is no map" : content.error().message);
    return std::nullopt;
  }
  manifest.claim = std::move(*content);
  manifest.hash_algorithm = manifest.claim.text_at("alg");
  if (!manifest.claim.find("alg")) manifest.hash_algorithm = "sha256";
  manifest.signature = resolve_uri(manifest.claim.text_at("signature"), store, box);
  if (!manifest.signature || manifest.signature->kind != "c2cs" ||
      manifest.signature != box.find(manifest.signature->label)) {
    add_failure(findings, "claimSignature.missing", claim->label,
                "the claim names no signature in its manifest");
    return std::nullopt;
  }
  manifest.digests = std::make_shared<BoxDigests>();
  Named named;
  const bool read = manifest.version_1
                        ? read_references(manifest, "assertions", true, named, findings)
                        : read_references(manifest, "created_assertions", true, named, findings) &&
                              read_references(manifest, "gathered_assertions", false, named, findings);
  if (!read) return std::nullopt;
  return manifest;
}

const std::string& BoxDigests::of(const Jumbf& box, std::string_view algorithm) {
  const auto [at, fresh] = known_.try_emplace({&box, std::string(algorithm)});
  if (fresh) at->second = digest_by_name(algorithm, box.bytes);
  return at->second;
}

void add_failure(std::vector<SignatureFinding>& findings, std::string_view code, std::string_view about,
                 std::string message) {
  findings.push_back(
      {SignatureFinding::Outcome::failure, std::string(code), std::string(about), std::move(message)});
}

void add_success(std::vector<SignatureFinding>& findings, std::string_view code, std::string_view about) {
  findings.push_back({SignatureFinding::Outcome::success, std::string(code), std::string(about), ""});
}

}  // namespace limner
