#include "base/crypto.h"
#include "provenance/manifest/check_manifest.h"

namespace limner {
namespace {

// Only the carrier of the store itself may be left out: any other range could be changed at will.
bool leaves_out_the_store_only(const Cbor& hash_data, const BoundBytes& bound) {
  const Cbor* exclusions = hash_data.find("exclusions", Cbor::Kind::array);
  if (!exclusions || exclusions->items.size() != 1) return false;
  const Cbor* start = exclusions->items[0].find("start");
  const Cbor* length = exclusions->items[0].find("length");
  return start && length && start->natural() == static_cast<int64_t>(bound.start) &&
         length->natural() == static_cast<int64_t>(bound.length);
}

void check_hash_data(const ReadManifest& manifest, const ReadAssertion& assertion, const BoundBytes& bound,
                     std::vector<SignatureFinding>& findings) {
  const Cbor& content = assertion.content;
  const Cbor* hash = content.find("hash", Cbor::Kind::bytes);
  if (!hash)
    return add_failure(findings, "assertion.dataHash.malformed", assertion.label(), "there is no hash in it");
  if (!leaves_out_the_store_only(content, bound))
    return add_failure(findings, "assertion.dataHash.mismatch", assertion.label(),
                       "the hash does not leave out exactly the bytes that carry the manifest");
  std::string around(bound.file.substr(0, bound.start));
  around += bound.file.substr(bound.start + bound.length);
  const std::string_view named = content.text_at("alg");
  const std::string digest =
      digest_by_name(content.find("alg") ? named : std::string_view(manifest.hash_algorithm), around);
  if (digest.empty())
    return add_failure(findings, "algorithm.unsupported", assertion.label(),
                       "hashed with an unknown algorithm");
  if (!equal_in_constant_time(digest, hash->string))
    return add_failure(findings, "assertion.dataHash.mismatch", assertion.label(),
                       "the file is not the one that was signed");
  add_success(findings, "assertion.dataHash.match", assertion.label());
}

}  // namespace

void check_hard_binding(const ReadManifest& manifest, const BoundBytes& bound,
                        std::vector<SignatureFinding>& findings) {
  const ReadAssertion* binding = nullptr;
  for (const ReadAssertion& assertion : manifest.assertions) {
    if (!assertion.label().starts_with("c2pa.hash.")) continue;
    if (binding)
      return add_failure(findings, "assertion.multipleHardBindings", assertion.label(),
                         "the manifest is bound to the file twice");
    binding = &assertion;
  }
  if (!binding || !binding->created)
    return add_failure(findings, "claim.hardBindings.missing", manifest.box->label,
                       "nothing binds the manifest to the file");
  if (!binding->is("c2pa.hash.data"))
    return add_failure(findings, "general.error", binding->label(),
                       "bound to the file in a way that cannot be checked");
  check_hash_data(manifest, *binding, bound, findings);
}

}  // namespace limner
