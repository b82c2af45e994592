#include "provenance/x509/signature_algorithm.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>

#include <array>

namespace limner {
namespace {

constexpr std::array<SignatureAlgorithm, 7> kAlgorithms = {{
    {-7, "ES256", EVP_PKEY_EC, "SHA256"},
    {-35, "ES384", EVP_PKEY_EC, "SHA384"},
    {-36, "ES512", EVP_PKEY_EC, "SHA512"},
    {-37, "PS256", EVP_PKEY_RSA, "SHA256"},
    {-38, "PS384", EVP_PKEY_RSA, "SHA384"},
    {-39, "PS512", EVP_PKEY_RSA, "SHA512"},
    {-8, "Ed25519", EVP_PKEY_ED25519, ""},
}};

using EcdsaPtr = std::unique_ptr<ECDSA_SIG, FreeWith<ECDSA_SIG_free>>;

// Bytes of r, and of s.
size_t half_size(EVP_PKEY* key) { return static_cast<size_t>(EVP_PKEY_get_bits(key) + 7) / 8; }

Result<std::string> raw_from_der(std::string_view der, size_t half) {
  const unsigned char* at = unsigned_data(der);
  const EcdsaPtr pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  std::string raw(2 * half, '\0');
  const auto size = static_cast<int>(half);
  if (!pair || BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), unsigned_data(raw), size) != size ||
      BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), unsigned_data(raw) + half, size) != size)
    return Error{Code::internal, "", "OpenSSL made a signature that cannot be read", ""};
  return raw;
}

// Empty if `raw` has another length than the curve's.
std::string der_from_raw(std::string_view raw, size_t half) {
  if (raw.size() != 2 * half) return {};
  const EcdsaPtr pair(ECDSA_SIG_new());
  const auto size = static_cast<int>(half);
  BIGNUM* r = BN_bin2bn(unsigned_data(raw), size, nullptr);
  BIGNUM* s = BN_bin2bn(unsigned_data(raw) + half, size, nullptr);
  if (!pair || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* der = nullptr;
  const int length = i2d_ECDSA_SIG(pair.get(), &der);
  if (length <= 0) return {};
  std::string out(reinterpret_cast<const char*>(der), static_cast<size_t>(length));
  OPENSSL_free(der);
  return out;
}

const EVP_MD* digest_of(const SignatureAlgorithm& algorithm) {
  return *algorithm.digest ? EVP_get_digestbyname(algorithm.digest) : nullptr;
}

// RSA here is always PSS, with a salt as long as the digest.
bool set_padding(const SignatureAlgorithm& algorithm, EVP_PKEY_CTX* context) {
  if (algorithm.key_type != EVP_PKEY_RSA) return true;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

bool on_p256(EVP_PKEY* key) {
  char group[32] = {};
  return EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
         std::string_view(group) == "prime256v1";
}

}  // namespace

const SignatureAlgorithm* find_signature_algorithm(int64_t cose) {
  for (const SignatureAlgorithm& algorithm : kAlgorithms)
    if (algorithm.cose == cose) return &algorithm;
  return nullptr;
}

Result<const SignatureAlgorithm*> signing_algorithm(EVP_PKEY* key, std::string_view field) {
  const int type = EVP_PKEY_get_base_id(key);
  if (type == EVP_PKEY_ED25519) return find_signature_algorithm(-8);
  if (type == EVP_PKEY_EC && on_p256(key)) return find_signature_algorithm(-7);
  return unsupported(std::string(field), "Limner signs with keys on P-256 (ES256) or Ed25519",
                     "limner cert init DIR makes one");
}

Result<std::string> sign_bytes(const SignatureAlgorithm& algorithm, EVP_PKEY* key, std::string_view message) {
  const DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  size_t size = 0;
  std::string signature;
  const bool ready =
      context && EVP_DigestSignInit(context.get(), &key_context, digest_of(algorithm), nullptr, key) == 1 &&
      set_padding(algorithm, key_context) &&
      EVP_DigestSign(context.get(), nullptr, &size, unsigned_data(message), message.size()) == 1;
  if (ready) signature.resize(size);
  if (!ready || EVP_DigestSign(context.get(), unsigned_data(signature), &size, unsigned_data(message),
                               message.size()) != 1)
    return Error{Code::internal, "", "the claim could not be signed: " + take_openssl_error(), ""};
  signature.resize(size);
  if (algorithm.key_type == EVP_PKEY_EC) return raw_from_der(signature, half_size(key));
  return signature;
}

bool signature_matches(const SignatureAlgorithm& algorithm, EVP_PKEY* key, std::string_view message,
                       std::string_view signature) {
  // A certificate may bind its RSA key to PSS; that is the same algorithm here.
  const int type = EVP_PKEY_get_base_id(key);
  const bool rsa = algorithm.key_type == EVP_PKEY_RSA && type == EVP_PKEY_RSA_PSS;
  if (type != algorithm.key_type && !rsa) return false;
  std::string der;
  if (algorithm.key_type == EVP_PKEY_EC) {
    der = der_from_raw(signature, half_size(key));
    if (der.empty()) return false;
    signature = der;
  }
  const DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  const bool matches =
      context && EVP_DigestVerifyInit(context.get(), &key_context, digest_of(algorithm), nullptr, key) == 1 &&
      set_padding(algorithm, key_context) &&
      EVP_DigestVerify(context.get(), unsigned_data(signature), signature.size(), unsigned_data(message),
                       message.size()) == 1;
  if (!matches) take_openssl_error();
  return matches;
}

}  // namespace limner
