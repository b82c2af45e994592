#pragma once
// Pictures as CLIP reads them: resized, cropped, normalised as a model's preprocessor_config.json says.

#include <array>
#include <filesystem>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "image/picture.h"
#include "image/resize.h"

namespace limner {

/// What a picture goes through; as it is, what CLIP was published with. Alpha is dropped and grey becomes
/// three channels first.
struct ClipPreprocessing {
  int shorter_side = 224;  ///< the shorter side is resized to this; 0: not resized
  ResizeFilter filter = ResizeFilter::bicubic;
  int side = 224;                                                    ///< of the square cut from the middle
  double rescale_factor = 1.0 / 255;                                 ///< what a byte is multiplied by,
  std::array<float, 3> means{0.48145466F, 0.4578275F, 0.40821073F};  ///< before this is taken from it
  std::array<float, 3> deviations{0.26862954F, 0.26130258F, 0.27577711F};  ///< and it is divided by this
};

/// Reads the config of transformers' CLIPImageProcessor. What it does otherwise than a square cut from the
/// middle of a resized picture is `unsupported`. field: the file.
Result<ClipPreprocessing> read_clip_preprocessing(const Json& json, std::string_view field);

/// The one of a model's folder: preprocessor_config.json or, as newer libraries save it, the part
/// "image_processor" of processor_config.json. `not_found` if there is neither.
Result<ClipPreprocessing> read_clip_preprocessing_of(const std::filesystem::path& folder);

/// [side, side, 3] of the picture. `unsupported` for one so long that its longer side would pass
/// kResizedSideMax, and for one that is smaller than the square.
Result<std::vector<float>> prepare_clip_picture(const Picture& picture, const ClipPreprocessing& how);

}  // namespace limner
