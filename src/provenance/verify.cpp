#include "provenance/verify.h"

#include <algorithm>

#include "image/format.h"
#include "provenance/carrier/carrier.h"
#include "provenance/manifest/check_manifest.h"
#include "provenance/trust_anchors.h"

namespace limner {
namespace {

// An unknown signer leaves a manifest valid; everything else that fails does not.
SignatureState state_of(const std::vector<SignatureFinding>& findings) {
  SignatureState state = SignatureState::trusted;
  for (const SignatureFinding& finding : findings) {
    if (finding.outcome != SignatureFinding::Outcome::failure) continue;
    if (finding.code != "signingCredential.untrusted") return SignatureState::invalid;
    state = SignatureState::valid;
  }
  return state;
}

}  // namespace

namespace {

Result<Certificates> read_all(const std::vector<std::string>& pems, std::string_view field) {
  Certificates all;
  for (const std::string& pem : pems) {
    Certificates some = TRY(read_pem_certificates(pem, field, kAnchorsMax));
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace

Result<TrustAnchorsPtr> make_trust_anchors(const std::vector<std::string>& pems, std::string_view field,
                                           const std::vector<std::string>& authorities) {
  Certificates signers = TRY(read_all(pems, field));
  Certificates stampers = TRY(read_all(authorities, field));
  return std::make_shared<const TrustAnchors>(std::move(signers), std::move(stampers));
}

std::string_view signature_state_name(SignatureState state) {
  switch (state) {
    case SignatureState::absent:
      return "absent";
    case SignatureState::invalid:
      return "invalid";
    case SignatureState::valid:
      return "valid";
    case SignatureState::trusted:
      return "trusted";
  }
  return "invalid";
}

SignatureReport verify_store(std::string_view bytes, const BoundBytes& bound, const TrustAnchors& anchors,
                             TimeUs now) {
  SignatureReport report;
  report.state = SignatureState::invalid;
  std::vector<SignatureFinding>& findings = report.findings;
  const Result<Jumbf> store = read_jumbf(bytes, "manifest");
  if (!store || store->kind != "c2pa" || store->label != "c2pa" || store->boxes.empty()) {
    add_failure(
        findings, "general.error", "",
        store ? "not a C2PA manifest store" : "the manifest store is broken: " + store.error().message);
    return report;
  }
  const std::optional<ReadManifest> manifest = read_manifest(*store, store->boxes.back(), findings);
  if (!manifest) return report;
  // All of it, whatever fails first: who looks into a broken manifest wants to know everything.
  const std::optional<SignedBy> signed_by = check_signature(*manifest, anchors, now, findings);
  check_assertions(*manifest, findings);
  check_actions(*manifest, findings);
  check_ingredients(*manifest, findings);
  check_hard_binding(*manifest, bound, findings);
  report.state = state_of(findings);
  if (!signed_by) report.state = SignatureState::invalid;
  if (report.state != SignatureState::invalid) report.claim = summarize_claim(*manifest, *signed_by);
  return report;
}

Result<SignatureReport> verify_picture(std::string_view file, const TrustAnchors& anchors, TimeUs now) {
  const Format format = TRY(sniff_format(std::as_bytes(std::span(file)), "image"));
  const Result<CarriedStore> carried = find_store(format, file);
  if (!carried && carried.error().code != Code::invalid) return carried.error();
  SignatureReport report;
  if (!carried) {
    report.state = SignatureState::invalid;
    add_failure(report.findings, "general.error", "", carried.error().message);
    return report;
  }
  if (carried->store.empty()) return report;
  return verify_store(carried->store, {file, carried->start, carried->length}, anchors, now);
}

}  // namespace limner
