#pragma once
// References between boxes of a store (C2PA 2.4, 8.2): "self#jumbf=c2pa.assertions/c2pa.hash.data".

#include <string>
#include <string_view>

#include "provenance/cbor/value.h"
#include "provenance/jumbf/box.h"

namespace limner {

/// The box that a URI names, seen from `manifest` in `store`; null if there is none. Absolute ones begin at
/// the store, "self#jumbf=/c2pa/LABEL/..."; others at the manifest.
const Jumbf* resolve_uri(std::string_view uri, const Jumbf& store, const Jumbf& manifest);

/// A reference with the hash of what it refers to.
struct HashedUri {
  std::string url, hash, algorithm;
};

/// From {url, hash, alg}; the algorithm is `otherwise` where it is left out. Everything empty if the item is
/// none.
HashedUri read_hashed_uri(const Cbor& item, std::string_view otherwise);

/// SHA-256, SHA-384 or SHA-512 by C2PA's names; empty for other algorithms.
std::string digest_by_name(std::string_view algorithm, std::string_view bytes);

}  // namespace limner
