#pragma once
// Classifying finished pictures with a small network: what a policy asks. A door of its own: no model, no
// drawing.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "image/picture.h"

namespace limner {

/// A loaded classifier. classify() may be called from several threads; they take turns.
class PictureClassifier {
 public:
  /// A safetensors file of a network that is known here (open_nsfw, MobileNetV2), as
  /// tools/fetch_classifiers.py writes it. Anything else is `unsupported`. Computes in f32: a verdict must
  /// not depend on the processor. threads: 0 means one for every core this process may use.
  static Result<std::unique_ptr<PictureClassifier>> load(const std::filesystem::path& path, int threads);
  ~PictureClassifier();

  /// What the scores are for, in their order: {"safe", "nsfw"}, or {"drawing", "hentai", "neutral", "porn",
  /// "sexy"}.
  const std::vector<std::string>& classes() const;

  /// A score for every class, 0 to 1, together 1. The picture is prepared exactly as the reference prepares
  /// it: how is part of the network. `invalid` if the network produces values that are not finite.
  Result<std::vector<float>> classify(const Picture& picture) const;

 private:
  struct Parts;
  explicit PictureClassifier(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace limner
