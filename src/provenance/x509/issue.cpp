#include "provenance/x509/issue.h"

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "base/crypto.h"
#include "provenance/x509/certificate.h"

namespace limner {
namespace {

constexpr int kYears = 10;
constexpr TimeUs kClockSkew = 3600 * kSecondUs;
constexpr size_t kOrganisationMax = 64;  // ub-organization-name of X.520

Error openssl_failed(const char* what) {
  return Error{Code::internal, "", fmt::format("{} could not be made: {}", what, take_openssl_error()), ""};
}

Result<KeyPtr> make_key(KeyAlgorithm algorithm) {
  KeyPtr key(algorithm == KeyAlgorithm::es256 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")
                                              : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (!key) return openssl_failed("a key");
  return key;
}

bool set_name(X509_NAME* name, const char* entry, const std::string& text) {
  return X509_NAME_add_entry_by_txt(name, entry, MBSTRING_UTF8, unsigned_data(std::string_view(text)),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool set_serial(X509* certificate) {
  std::string serial = random_bytes(16);
  serial[0] = static_cast<char>((serial[0] & 0x3F) | 0x40);  // positive and never shorter
  using NumberPtr = std::unique_ptr<BIGNUM, FreeWith<BN_free>>;
  const NumberPtr number(BN_bin2bn(unsigned_data(serial), static_cast<int>(serial.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate));
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  using ExtensionPtr = std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>>;
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

struct Subject {
  std::string organisation, common_name;
};

// A certificate without extensions and not signed yet.
Result<CertificatePtr> blank(const Subject& subject, X509_NAME* issuer, EVP_PKEY* key, TimeUs now) {
  CertificatePtr certificate(X509_new());
  if (!certificate) return openssl_failed("a certificate");
  X509* made = certificate.get();
  const auto begin = static_cast<std::time_t>((now - kClockSkew) / kSecondUs);
  X509_NAME* name = X509_get_subject_name(made);
  const bool done = X509_set_version(made, X509_VERSION_3) == 1 && set_serial(made) &&
                    ASN1_TIME_adj(X509_getm_notBefore(made), begin, 0, 0) &&
                    ASN1_TIME_adj(X509_getm_notAfter(made), begin, kYears * 365, 0) &&
                    set_name(name, "O", subject.organisation) && set_name(name, "CN", subject.common_name) &&
                    X509_set_issuer_name(made, issuer ? issuer : name) == 1 &&
                    X509_set_pubkey(made, key) == 1;
  if (!done) return openssl_failed("a certificate");
  return certificate;
}

// Ed25519 has its own digest.
bool sign_certificate(X509* certificate, EVP_PKEY* key) {
  const bool own = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
  return X509_sign(certificate, key, own ? nullptr : EVP_sha256()) > 0;
}

Result<std::string> key_pem(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return openssl_failed("a key file");
  return bio_text(bio.get());
}

}  // namespace

Result<KeyAlgorithm> key_algorithm_from_name(std::string_view name) {
  if (name == "es256") return KeyAlgorithm::es256;
  if (name == "ed25519") return KeyAlgorithm::ed25519;
  return invalid("algorithm", fmt::format("\"{}\" is neither es256 nor ed25519", name.substr(0, 40)));
}

Result<ChainPem> issue_chain(KeyAlgorithm algorithm, const std::string& organisation, TimeUs now) {
  if (organisation.empty() || organisation.size() > kOrganisationMax)
    return invalid("name", fmt::format("has {} bytes; a certificate holds 1 to {}", organisation.size(),
                                       kOrganisationMax));
  const KeyPtr root_key = TRY(make_key(algorithm));
  const KeyPtr key = TRY(make_key(algorithm));
  const Subject root_subject{organisation, "Limner root " + to_hex(random_bytes(4))};
  const CertificatePtr root = TRY(blank(root_subject, nullptr, root_key.get(), now));
  const CertificatePtr leaf =
      TRY(blank({organisation, "Limner signer"}, X509_get_subject_name(root.get()), key.get(), now));
  X509* r = root.get();
  X509* l = leaf.get();
  const bool done = add_extension(r, r, NID_basic_constraints, "critical,CA:TRUE") &&
                    add_extension(r, r, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    add_extension(r, r, NID_subject_key_identifier, "hash") &&
                    sign_certificate(r, root_key.get()) &&
                    add_extension(l, r, NID_basic_constraints, "critical,CA:FALSE") &&
                    add_extension(l, r, NID_key_usage, "critical,digitalSignature") &&
                    add_extension(l, r, NID_ext_key_usage, "emailProtection,1.3.6.1.4.1.62558.2.1") &&
                    add_extension(l, r, NID_subject_key_identifier, "hash") &&
                    add_extension(l, r, NID_authority_key_identifier, "keyid:always") &&
                    sign_certificate(l, root_key.get());
  if (!done) return openssl_failed("a certificate");
  return ChainPem{pem_of(r), pem_of(l), TRY(key_pem(key.get()))};
}

}  // namespace limner
