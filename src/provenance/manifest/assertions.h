#pragma once
// The assertions of our manifests (C2PA 2.4, 18), and our own.

#include <string>
#include <vector>

#include "provenance/cbor/value.h"
#include "provenance/manifest/kept_manifests.h"
#include "provenance/sign.h"

namespace limner {

inline constexpr std::string_view kActionsLabel = "c2pa.actions.v2";
inline constexpr std::string_view kIngredientLabel = "c2pa.ingredient.v3";
inline constexpr std::string_view kSoftBindingLabel = "c2pa.soft-binding";
inline constexpr std::string_view kHashDataLabel = "c2pa.hash.data";
/// docs/formats/disclosure.md
inline constexpr std::string_view kDisclosureLabel = "org.limner.disclosure";

/// A label and the superbox under it.
struct Assertion {
  std::string label;
  std::string superbox;
};

Assertion make_assertion(std::string_view label, const Cbor& content);

/// The assertion as a claim or another assertion refers to it: {url, hash}.
Cbor hashed_uri(const Assertion& assertion);

/// created, or opened and edited (18.15); `parent` is the ingredient's assertion, null if there is none.
Cbor actions_content(const PictureOrigin& origin, const Assertion* parent);

/// The picture that was drawn over (18.16), with its own manifest where it is kept (else null). Its format is
/// told by its bytes; unknown ones leave it out.
Cbor ingredient_content(const ParentPicture& parent, const KeptManifests* kept);

/// The watermark (18.10).
Cbor soft_binding_content(const SoftBinding& watermark);

/// Provider, system and version, time, identifier: what California's SB 942 asks of a latent disclosure.
Cbor disclosure_content(const PictureOrigin& origin);

/// "2026-01-31T12:00:00Z", as CBOR's date-time string.
Cbor date_time(TimeUs time);

/// The bytes of a file that a manifest is bound to: all but one range (18.5).
struct HardBinding {
  size_t start = 0, length = 0;
  std::string hash;  ///< SHA-256
};

/// Of the same size whatever the numbers, one byte more if `odd`.
Cbor hash_data_content(const HardBinding& binding, bool odd);

}  // namespace limner
