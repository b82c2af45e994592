#pragma once
// The checks of a manifest (C2PA 2.4, 15). Each adds what it found.

#include <optional>
#include <string>

#include "provenance/manifest/read_manifest.h"
#include "provenance/verify.h"
#include "provenance/x509/certificate.h"
#include "provenance/x509/time_stamp.h"

namespace limner {

/// Who signed, as far as the signature told.
struct SignedBy {
  std::string algorithm;
  CertificateSummary certificate;
  std::optional<TimeStamp> time_stamp;  ///< one that holds; whose it is, it says itself
};

/// Signature, certificates and their dates, trust (15.7, 15.8, 14.5).
std::optional<SignedBy> check_signature(const ReadManifest& manifest, const TrustAnchors& anchors, TimeUs now,
                                        std::vector<SignatureFinding>& findings);

/// That every assertion is what the claim says, and that there are no others (15.10.3).
void check_assertions(const ReadManifest& manifest, std::vector<SignatureFinding>& findings);

/// The rules of actions and ingredients (15.10.3.2, 15.11): the first action creates or opens, an opened one
/// has its parent, and ingredients' manifests are those that were there when it was signed.
void check_actions(const ReadManifest& manifest, std::vector<SignatureFinding>& findings);
void check_ingredients(const ReadManifest& manifest, std::vector<SignatureFinding>& findings);

/// That the file is the one that was signed (15.12).
void check_hard_binding(const ReadManifest& manifest, const BoundBytes& bound,
                        std::vector<SignatureFinding>& findings);

/// What the manifest says, for a report. Texts are cut where they are longer than anyone reads.
Json summarize_claim(const ReadManifest& manifest, const SignedBy& signed_by);

}  // namespace limner
