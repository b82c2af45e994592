// C2PA's certificate profile (C2PA 2.4, 14.5.1).

#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "provenance/x509/certificate.h"

namespace limner {
namespace {

constexpr const char* kClaimSigning = "1.3.6.1.4.1.62558.2.1";
constexpr const char* kEmailProtection = "1.3.6.1.5.5.7.3.4";
constexpr const char* kDocumentSigning = "1.3.6.1.5.5.7.3.36";
constexpr int kRsaBitsMin = 2048;

using Fault = std::optional<std::string>;

std::string oid_text(const ASN1_OBJECT* object) {
  std::array<char, 128> text = {};
  OBJ_obj2txt(text.data(), text.size(), object, 1);
  return text.data();
}

Fault key_fault(X509* certificate) {
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (!key) return "its key cannot be read";
  const int type = EVP_PKEY_get_base_id(key);
  if (type == EVP_PKEY_ED25519) return std::nullopt;
  if (type == EVP_PKEY_RSA || type == EVP_PKEY_RSA_PSS) {
    if (EVP_PKEY_get_bits(key) >= kRsaBitsMin) return std::nullopt;
    return fmt::format("its RSA key has {} bits, fewer than {}", EVP_PKEY_get_bits(key), kRsaBitsMin);
  }
  std::array<char, 32> group = {};
  if (type == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1)
    for (const std::string_view curve : {"prime256v1", "secp384r1", "secp521r1"})
      if (curve == group.data()) return std::nullopt;
  return "its key is none of P-256, P-384, P-521, Ed25519 and RSA";
}

Fault signature_fault(X509* certificate) {
  constexpr std::array kAllowed = {
      NID_sha256WithRSAEncryption, NID_sha384WithRSAEncryption, NID_sha512WithRSAEncryption, NID_rsassaPss,
      NID_ecdsa_with_SHA256,       NID_ecdsa_with_SHA384,       NID_ecdsa_with_SHA512,       NID_ED25519};
  const int nid = X509_get_signature_nid(certificate);
  if (std::find(kAllowed.begin(), kAllowed.end(), nid) != kAllowed.end()) return std::nullopt;
  return "it was signed with an algorithm that is not allowed";
}

Fault key_usage_fault(X509* certificate) {
  const int at = X509_get_ext_by_NID(certificate, NID_key_usage, -1);
  if (at < 0) return "it has no key usage";
  if (X509_EXTENSION_get_critical(X509_get_ext(certificate, at)) != 1) return "its key usage is not critical";
  const uint32_t usage = X509_get_key_usage(certificate);
  if (!(usage & KU_DIGITAL_SIGNATURE)) return "its key is not for digital signatures";
  if (usage & KU_KEY_CERT_SIGN) return "its key may sign certificates";
  return std::nullopt;
}

Fault extended_key_usage_fault(X509* certificate) {
  using UsagePtr = std::unique_ptr<EXTENDED_KEY_USAGE, FreeWith<EXTENDED_KEY_USAGE_free>>;
  const UsagePtr usage(
      static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr)));
  if (!usage) return "it has no extended key usage";
  bool signs = false;
  for (int i = 0; i < sk_ASN1_OBJECT_num(usage.get()); ++i) {
    const ASN1_OBJECT* purpose = sk_ASN1_OBJECT_value(usage.get(), i);
    const int nid = OBJ_obj2nid(purpose);
    if (nid == NID_anyExtendedKeyUsage) return "its extended key usage is anything";
    if (nid == NID_time_stamp || nid == NID_OCSP_sign)
      return "its key is for time stamps or certificate status";
    const std::string oid = oid_text(purpose);
    signs = signs || oid == kClaimSigning || oid == kEmailProtection || oid == kDocumentSigning;
  }
  if (!signs) return "its extended key usage is none of claimSigning, emailProtection and documentSigning";
  return std::nullopt;
}

Fault identity_fault(X509* certificate) {
  const ASN1_BIT_STRING *issuer = nullptr, *subject = nullptr;
  X509_get0_uids(certificate, &issuer, &subject);
  const uint32_t flags = X509_get_extension_flags(certificate);
  if (flags & EXFLAG_INVALID) return "its extensions are broken";
  if (X509_get_version(certificate) != X509_VERSION_3) return "it is not of version 3";
  if (issuer || subject) return "it has unique identifiers";
  if (flags & EXFLAG_CA) return "it is the certificate of an authority";
  if (!X509_get0_authority_key_id(certificate)) return "it has no authority key identifier";
  return std::nullopt;
}

}  // namespace

Fault profile_fault(X509* certificate) {
  for (const auto check :
       {identity_fault, key_fault, signature_fault, key_usage_fault, extended_key_usage_fault})
    if (Fault fault = check(certificate)) return fault;
  return std::nullopt;
}

}  // namespace limner
