#pragma once
// X.509 certificates of signers: reading them, what is known of them, and C2PA's profile.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "provenance/x509/openssl_handles.h"

namespace limner {

/// What people are told of a certificate. Its names are whatever its issuer let stand in it.
struct CertificateSummary {
  std::string common_name, organisation;
  std::string issuer;  ///< the issuer's organisation, or its common name
  std::string serial;  ///< lower-case hexadecimal
  TimeUs not_before = 0, not_after = 0;
};

/// Certificates of one chain, or of one file of anchors, at most.
inline constexpr size_t kCertificatesMax = 16;
inline constexpr size_t kAnchorsMax = 1024;

/// One DER certificate and nothing behind it; anything else is `invalid` with `field`.
Result<CertificatePtr> read_der_certificate(std::string_view der, std::string_view field);
std::string der_of(X509* certificate);

/// The certificates in a PEM text, in order: 1 to `count_max`; none, more, or a broken one is `invalid`.
Result<Certificates> read_pem_certificates(std::string_view pem, std::string_view field, size_t count_max);
std::string pem_of(X509* certificate);

/// A private key in PEM without a passphrase. Errors say nothing of its content.
Result<KeyPtr> read_pem_key(std::string_view pem, std::string_view field);

CertificateSummary summary_of(X509* certificate);

/// Whether the certificate is valid at that moment by its own dates.
bool valid_at(X509* certificate, TimeUs moment);

/// What keeps the certificate from signing claims (C2PA 2.4, 14.5.1), in words; nothing if it fits: version
/// 3, no unique identifiers, no CA, authority key identifier, key usage digitalSignature and no keyCertSign,
/// extended key usage without anyExtendedKeyUsage and with one of claimSigning, emailProtection and
/// documentSigning, a key of P-256, P-384, P-521, Ed25519 or RSA of at least 2048 bits, a SHA-2 signature.
std::optional<std::string> profile_fault(X509* certificate);

/// Whether a path of valid certificates leads from the first of `chain` over its others to one of `anchors`
/// at that moment (RFC 5280). Purposes are not looked at: profile_fault() does that.
bool leads_to_anchor(const Certificates& chain, const Certificates& anchors, TimeUs moment);

}  // namespace limner
