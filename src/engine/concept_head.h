#pragma once
// How near a picture is to named concepts: a CLIP vision network and a vector and a threshold for each of
// them. The safety checker of Stable Diffusion is one (Rando et al. 2022, arXiv:2210.04610); anybody's own
// concepts make another.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "image/picture.h"

namespace limner {

/// What a picture was found to be near to.
struct ConceptMargin {
  std::string name;
  /// Cosine less the concept's threshold, rounded to thousandths as the reference does: above 0 the reference
  /// flags it.
  double margin = 0;
};

/// A loaded head. margins() may be called from several threads; they take turns.
class ConceptHead {
 public:
  /// A folder as diffusers saves a StableDiffusionSafetyChecker: config.json with a `vision_config`, and
  /// weights in which beside the network lie `concept_embeds` [n, projection] and `concept_embeds_weights`
  /// [n] (thresholds), and perhaps `special_care_embeds` and `special_care_embeds_weights`: where one of
  /// those is near, every threshold after it is 0.01 lower. An optional concepts.json, {"concepts": [NAMES],
  /// "special_care": [NAMES]}, names them; without it they are concept-1 and so on, special-1 and so on.
  /// Computes in f32. threads: 0 means one for every core this process may use.
  static Result<std::unique_ptr<ConceptHead>> load(const std::filesystem::path& folder, int threads);
  ~ConceptHead();

  /// Every name, those of special care first.
  const std::vector<std::string>& concepts() const;

  /// One for each of concepts(), in that order. `invalid` if the network produces values that are not finite.
  Result<std::vector<ConceptMargin>> margins(const Picture& picture) const;

 private:
  struct Parts;
  explicit ConceptHead(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace limner
