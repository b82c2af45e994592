#pragma once
// A chain of one's own: a root that signs one certificate and is then forgotten.

#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace limner {

enum class KeyAlgorithm : uint8_t { es256, ed25519 };

/// "es256" or "ed25519"; others are `invalid` with field "algorithm".
Result<KeyAlgorithm> key_algorithm_from_name(std::string_view name);

/// The three texts of a chain, in PEM.
struct ChainPem {
  std::string root;   ///< what others are given to trust
  std::string chain;  ///< the signer's certificate
  std::string key;    ///< its private key, PKCS #8, without a passphrase
};

/// Makes a root and a signer's certificate that fits C2PA's profile (14.5.1), both of `organisation` and
/// valid for ten years from an hour before `now`. The root's key signs that one certificate and is never
/// written anywhere: nobody can issue a second one.
Result<ChainPem> issue_chain(KeyAlgorithm algorithm, const std::string& organisation, TimeUs now);

}  // namespace limner
