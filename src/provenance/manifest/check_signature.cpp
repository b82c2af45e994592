#include <fmt/format.h>

#include "provenance/cose/sign1.h"
#include "provenance/manifest/check_manifest.h"
#include "provenance/trust_anchors.h"
#include "provenance/x509/signature_algorithm.h"

namespace limner {
namespace {

// A stamp of a later time than now is that of a wrong clock.
constexpr TimeUs kClockErrorUs = 300 * kSecondUs;

Result<Certificates> read_certificates(const std::vector<std::string>& chain) {
  Certificates certificates;
  for (const std::string& der : chain) certificates.push_back(TRY(read_der_certificate(der, "certificate")));
  return certificates;
}

void note(std::vector<SignatureFinding>& findings, const char* code, std::string_view about,
          std::string message) {
  findings.push_back({SignatureFinding::Outcome::note, code, std::string(about), std::move(message)});
}

// The stamp, where it holds (C2PA 2.4, 15.8). One that does not is as good as none.
std::optional<TimeStamp> check_time_stamp(const Sign1& sign1, const TrustAnchors& anchors,
                                          std::string_view about, std::vector<SignatureFinding>& findings) {
  if (sign1.old_time_stamp)
    note(findings, "timeStamp.notChecked", about, "a time stamp of the first editions' kind is not checked");
  if (sign1.time_stamp.empty()) return std::nullopt;
  Result<TimeStamp> stamp = read_time_stamp(
      sign1.time_stamp, stamped_bytes(sign1.protected_header, sign1.signature), anchors.authorities());
  if (!stamp) {
    note(findings, "timeStamp.mismatch", about, "the time stamp " + stamp.error().message);
    return std::nullopt;
  }
  add_success(findings, "timeStamp.validated", about);
  if (stamp->trusted)
    add_success(findings, "timeStamp.trusted", about);
  else
    note(findings, "timeStamp.untrusted", about, "no path leads from its authority to one that is trusted");
  return std::move(*stamp);
}

void check_dates(X509* certificate, TimeUs moment, bool stamped, std::string_view about,
                 std::vector<SignatureFinding>& findings) {
  if (valid_at(certificate, moment)) return add_success(findings, "claimSignature.insideValidity", about);
  add_failure(findings, "claimSignature.outsideValidity", about,
              stamped ? "the certificate was not valid at the time of the stamp"
                      : "the certificate is not valid now, and no trusted time stamp says that it was");
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
  std::optional<TimeStamp> stamp = check_time_stamp(*sign1, anchors, about, findings);
  const bool stamped = stamp && stamp->trusted && stamp->time <= now + kClockErrorUs;
  const TimeUs moment = stamped ? stamp->time : now;
  check_dates(own, moment, stamped, about, findings);
  check_trust(*chain, anchors, moment, about, findings);
  return SignedBy{algorithm->name, summary_of(own), std::move(stamp)};
}

}  // namespace limner
