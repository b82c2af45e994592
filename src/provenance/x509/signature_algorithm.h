#pragma once
// The signature algorithms of C2PA 2.4 (13.2.1) by their COSE numbers (RFC 9053, RFC 8230).

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "provenance/x509/openssl_handles.h"

namespace limner {

struct SignatureAlgorithm {
  int64_t cose = 0;
  const char* name = "";    ///< "ES256", "Ed25519", ...
  int key_type = 0;         ///< EVP_PKEY_EC, ...
  const char* digest = "";  ///< "" for Ed25519, which has its own
};

/// By COSE number; null for others than ES256, ES384, ES512, PS256, PS384, PS512 and EdDSA.
const SignatureAlgorithm* find_signature_algorithm(int64_t cose);

/// The algorithm we sign with for a key: ES256 for one on P-256, EdDSA for an Ed25519 one; others are
/// `unsupported` with `field`.
Result<const SignatureAlgorithm*> signing_algorithm(EVP_PKEY* key, std::string_view field);

/// The signature as COSE carries it: of ECDSA the two numbers r and s, each as wide as the curve.
Result<std::string> sign_bytes(const SignatureAlgorithm& algorithm, EVP_PKEY* key, std::string_view message);

/// Whether `signature` is that of `message`. A key of another type than the algorithm's, or a signature of a
/// wrong length, is not.
bool signature_matches(const SignatureAlgorithm& algorithm, EVP_PKEY* key, std::string_view message,
                       std::string_view signature);

}  // namespace limner
