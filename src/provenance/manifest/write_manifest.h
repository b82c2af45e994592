#pragma once
// A manifest of ours as bytes.

#include <functional>
#include <string>
#include <vector>

#include "provenance/manifest/assertions.h"

namespace limner {

/// A manifest but for what depends on the file it will lie in.
struct ManifestDraft {
  std::string label;        ///< "urn:c2pa:" and a UUID
  std::string instance_id;  ///< "xmp:iid:" and a UUID
  std::string title;
  std::vector<Assertion> assertions;
  std::string kept;  ///< manifests of the parent, as superboxes; they stand before this one
};

/// The COSE_Sign1 over a claim.
using SignClaim = std::function<Result<std::string>(std::string_view claim)>;

/// The store that holds the manifest. Its size depends on the draft and the signature's size, not on the
/// binding's numbers, and is even: the reference takes the byte that fills up an odd WebP chunk for a change.
/// `sign` is called once, and makes a signature as long as `blank`.
Result<std::string> write_store(const ManifestDraft& draft, const HardBinding& binding,
                                const std::string& blank, const SignClaim& sign);

/// A UUID of version 4 (RFC 9562, 5.4) from 16 random bytes.
std::string uuid_text(std::string random);

}  // namespace limner
