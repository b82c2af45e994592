#pragma once
// How well a picture fits a text: both towers of a CLIP (Radford et al. 2021, arXiv:2103.00020), whose
// vectors lie near each other where a text describes a picture. A door of its own: no model, no drawing.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "image/picture.h"

namespace limner {

/// How well a picture fits a text.
struct PictureScore {
  double cosine = 0;  ///< of the two vectors, -1 to 1; what is high is the model's own
  double logit = 0;   ///< the cosine times the model's scale: transformers' logits_per_image
};

/// A text as a scorer sees it.
struct ScoredText {
  std::vector<float> vector;  ///< of length 1
  std::string dropped;        ///< the end of the text, if it was too long for the model
};

/// What is known of a scorer.
struct ScorerInfo {
  int64_t side = 0;        ///< of the pictures that its network reads, in pixels
  int64_t tokens = 0;      ///< of the texts, with those that begin and end them
  int64_t width = 0;       ///< of its vectors
  double logit_scale = 1;  ///< what cosines are multiplied by
};

/// A loaded scorer. text() and score() may be called from several threads; they take turns.
class PictureScorer {
 public:
  /// A folder as transformers saves a CLIPModel and its CLIPProcessor: config.json, weights in safetensors,
  /// tokenizer files and preprocessor_config.json. Computes in f32: a score must not depend on the processor.
  /// threads: 0 means one for every core this process may use.
  static Result<std::unique_ptr<PictureScorer>> load(const std::filesystem::path& folder, int threads);
  ~PictureScorer();

  ScorerInfo info() const;

  /// `invalid` if the network produces values that are not finite.
  Result<ScoredText> text(std::string_view text) const;
  /// The same, and what prepare_clip_picture() says of the picture.
  Result<PictureScore> score(const ScoredText& text, const Picture& picture) const;

 private:
  struct Parts;
  explicit PictureScorer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace limner
