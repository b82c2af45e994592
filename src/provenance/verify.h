#pragma once
// The other door: whether a picture's C2PA manifest holds, and what it says.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace limner {

/// The roots of those whose signatures are believed. Thread-safe.
class TrustAnchors;
using TrustAnchorsPtr = std::shared_ptr<const TrustAnchors>;

/// The certificates of PEM texts; none of them: nobody is trusted. `authorities` are roots of those whose
/// time stamps are believed, and nothing else. A text without a certificate is `invalid` with `field`.
Result<TrustAnchorsPtr> make_trust_anchors(const std::vector<std::string>& pems, std::string_view field,
                                           const std::vector<std::string>& authorities = {});

enum class SignatureState : uint8_t {
  absent,   ///< the file has no manifest
  invalid,  ///< something does not hold, or could not be checked
  valid,    ///< everything holds; who signed it is nobody we know
  trusted   ///< everything holds, and a path leads from the signer to one of our anchors
};
/// "absent", "invalid", "valid" or "trusted".
std::string_view signature_state_name(SignatureState state);

/// One thing that was looked at, under C2PA's status code (C2PA 2.4, 15.2).
struct SignatureFinding {
  enum class Outcome : uint8_t { success, note, failure };

  Outcome outcome = Outcome::failure;
  std::string code;     ///< "assertion.dataHash.mismatch"
  std::string about;    ///< which assertion or box; may be empty
  std::string message;  ///< for people
};

struct SignatureReport {
  SignatureState state = SignatureState::absent;
  std::vector<SignatureFinding> findings;
  Json claim;  ///< what the manifest says; null unless the state is valid or trusted
};

/// Checks the active manifest of a PNG, JPEG or WebP, all of whose bytes are hostile: container, boxes,
/// claim, signature and certificates, the hash of every assertion and of every other byte of the file.
/// Whatever could not be checked is a failure. Claims of version 1 and 2; signatures ES256/384/512,
/// PS256/384/512 and Ed25519; c2pa.hash.data with the one exclusion that carries the store. The
/// signer's certificate has to be valid at `now`, or at the time of a stamp (sigTst2) of a trusted authority;
/// a stamp that does not hold, or of nobody we know, is noted and changes nothing. Manifests of ingredients
/// are bound by their hashes and not looked into further.
///
/// Errors: a file of no known format, or an AVIF with a manifest, is `unsupported`.
Result<SignatureReport> verify_picture(std::string_view file, const TrustAnchors& anchors, TimeUs now);

/// The same for a store that stands alone, as `c2pa` boxes: what lies around it in the file is `around`.
struct BoundBytes {
  std::string_view file;
  size_t start = 0, length = 0;  ///< where the store's carrier lies in it
};
SignatureReport verify_store(std::string_view store, const BoundBytes& bound, const TrustAnchors& anchors,
                             TimeUs now);

}  // namespace limner
