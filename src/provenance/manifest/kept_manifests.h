#pragma once
// The marks of a picture that another is drawn over: its manifests are kept beside the new one.

#include <optional>
#include <string>

#include "provenance/cbor/value.h"
#include "provenance/sign.h"

namespace limner {

/// A store of a parent picture of at most so many bytes is kept; with thumbnails in it, one can be larger
/// than the picture.
inline constexpr size_t kKeptBytesMax = 4u << 20;

/// The manifests of a parent, and what its ingredient assertion says of them (C2PA 2.4, 18.16).
struct KeptManifests {
  std::string boxes;        ///< superboxes, in their order, as they were
  Cbor active_manifest;     ///< {url, hash} of the one that was the parent's
  Cbor claim_signature;     ///< of its signature
  Cbor validation_results;  ///< what verify_store() found, trusting nobody: whoever reads it knows whom to
                            ///< trust
};

/// Nothing if the parent has no manifest, or none that can be read.
std::optional<KeptManifests> keep_manifests(const ParentPicture& parent, TimeUs now);

}  // namespace limner
