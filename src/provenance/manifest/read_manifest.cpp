#include "provenance/manifest/read_manifest.h"

#include <fmt/format.h>

namespace limner {
namespace {

constexpr size_t kAssertionsMax = 256;
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

bool read_references(ReadManifest& manifest, std::string_view key, bool created,
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
    if (assertion.box) {
      const std::string_view bytes = assertion.box->only_content("cbor");
      if (!bytes.empty()) {
        Result<Cbor> content = decode_cbor(bytes, assertion.box->label);
        if (!content) {
          add_failure(findings, "assertion.cbor.invalid", assertion.box->label, content.error().message);
          return false;
        }
        assertion.content = std::move(*content);
      }
    }
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
  const bool read = manifest.version_1
                        ? read_references(manifest, "assertions", true, findings)
                        : read_references(manifest, "created_assertions", true, findings) &&
                              read_references(manifest, "gathered_assertions", false, findings);
  if (!read) return std::nullopt;
  return manifest;
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
