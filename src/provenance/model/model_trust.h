#pragma once
// Whose models are used, from inside. Internal to provenance/.

#include <string>
#include <vector>

#include "provenance/model_signature.h"
#include "provenance/x509/certificate.h"

namespace limner {

class ModelTrust {
 public:
  struct Key {
    KeyPtr key;
    std::string hint;  ///< as bundles name it
  };
  ModelTrust(std::vector<Key> keys, Certificates roots) : keys_(std::move(keys)), roots_(std::move(roots)) {}
  const std::vector<Key>& keys() const { return keys_; }
  const Certificates& roots() const { return roots_; }

 private:
  std::vector<Key> keys_;
  Certificates roots_;
};

/// How a bundle names a public key: the SHA-256 of it in PEM, hexadecimal.
std::string key_hint(EVP_PKEY* key);

/// The digest that goes with a key on P-256, P-384 or P-521; null for other keys.
const EVP_MD* ecdsa_digest(EVP_PKEY* key);

/// What is signed of a payload: DSSE's pre-authentication encoding, version 1.
std::string dsse_encoding(std::string_view type, std::string_view payload);

inline constexpr std::string_view kBundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";
inline constexpr std::string_view kPayloadType = "application/vnd.in-toto+json";
inline constexpr std::string_view kStatementType = "https://in-toto.io/Statement/v1";
inline constexpr std::string_view kPredicateType = "https://model_signing/signature/v1.0";

/// The digest over the digests of all files, which a statement has for the whole model.
std::string digest_of_digests(const std::vector<SignedModel::File>& files);

}  // namespace limner
