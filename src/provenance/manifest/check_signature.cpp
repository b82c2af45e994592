#include <fmt/format.h>

#include "provenance/cose/sign1.h"
#include "provenance/manifest/check_manifest.h"
#include "provenance/trust_anchors.h"
#include "provenance/x509/signature_algorithm.h"

namespace limner {
namespace {

Result<Certificates> read_certificates(const std::vector<std::string>& chain) {
  Certificates certificates;
  for (const std::string& der : chain) certificates.push_back(TRY(read_der_certificate(der, "certificate")));
  return certificates;
}

void check_dates(X509* certificate, const Sign1& sign1, TimeUs now, std::string_view about,
                 std::vector<SignatureFinding>& findings) {
  if (valid_at(certificate, now)) return add_success(findings, "claimSignature.insideValidity", about);
  add_failure(findings, "claimSignature.outsideValidity", about,
              sign1.time_stamped
                  ? "the certificate is not valid now; there is a time stamp, but it cannot be checked"
                  : "the certificate is not valid now, and no time stamp says that it was");
}

void check_trust(const Certificates& chain, const TrustAnchors& anchors, TimeUs now, std::string_view about,
                 std::vector<SignatureFinding>& findings) {
  if (leads_to_anchor(chain, anchors.certificates(), now))
    return add_success(findings, "signingCredential.trusted", about);
  add_failure(findings, "signingCredential.untrusted", about,
              "no path leads from the signer's certificate to a trusted root");
}

}  // namespace

std::optional<SignedBy> check_signature(const ReadManifest& manifest, const TrustAnchors& anchors, TimeUs now,
                                        std::vector<SignatureFinding>& findings) {
  const std::string_view about = manifest.signature->label;
  const Result<Sign1> sign1 = read_sign1(manifest.signature->only_content("cbor"), about);
  if (!sign1) {
    add_failure(findings, "claimSignature.mismatch", about, sign1.error().message);
    return std::nullopt;
  }
  const SignatureAlgorithm* algorithm = find_signature_algorithm(sign1->algorithm);
  if (!algorithm) {
    add_failure(findings, "algorithm.unsupported", about,
                fmt::format("COSE algorithm {} cannot be checked", sign1->algorithm));
    return std::nullopt;
  }
  const Result<Certificates> chain = read_certificates(sign1->chain);
  if (!chain) {
    add_failure(findings, "signingCredential.invalid", about, chain.error().message);
    return std::nullopt;
  }
  X509* own = chain->front().get();
  if (const auto fault = profile_fault(own)) {
    add_failure(findings, "signingCredential.invalid", about,
                fmt::format("the certificate may not sign claims: {}", *fault));
    return std::nullopt;
  }
  if (!signature_matches(*algorithm, X509_get0_pubkey(own),
                         signed_bytes(sign1->protected_header, manifest.claim_bytes), sign1->signature)) {
    add_failure(findings, "claimSignature.mismatch", about, "the signature is not that of the claim");
    return std::nullopt;
  }
  add_success(findings, "claimSignature.validated", about);
  check_dates(own, *sign1, now, about, findings);
  check_trust(*chain, anchors, now, about, findings);
  if (sign1->time_stamped)
    findings.push_back({SignatureFinding::Outcome::note, "timeStamp.notChecked", std::string(about),
                        "time stamps are not checked"});
  return SignedBy{algorithm->name, summary_of(own), sign1->time_stamped};
}

}  // namespace limner
