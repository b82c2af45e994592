#pragma once
// Small changes to a model's weights that travel in their own file: LoRA (Hu et al. 2021, arXiv:2106.09685),
// its form for convolutions (LoCon), with a core between its factors (CP), and LyCORIS' LoHa and LoKr (Yeh et
// al. 2023, arXiv:2309.14859). They are merged into the weights as those are read, so that drawing costs
// nothing.

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "nets/lora_file.h"
#include "tensor/weight_source.h"

namespace limner {

/// The component of a pipeline that a change is meant for.
enum class LoraTarget : uint8_t { unet, text_encoder, text_encoder_2 };

/// A file and how much of it to add; negative takes away.
struct LoraUse {
  std::shared_ptr<const LoraFile> file;
  float weight = 1;
};

/// The weights of a component before any merge.
struct LoraBase {
  LoraTarget target = LoraTarget::unet;
  std::shared_ptr<const WeightSource> weights;
};

/// What of a file found its place.
struct LoraMatch {
  size_t matched = 0;                  ///< modules of the model that the file changes
  std::vector<std::string> unmatched;  ///< names in the file that mean nothing to the model
};

/// Opens a LoRA file: names of kohya (on diffusers or LDM modules), PEFT, or diffusers old and new. A file
/// with a form of change that is not supported (DoRA, biases) is `unsupported`; one that is none at all,
/// `invalid`.
Result<std::shared_ptr<const LoraFile>> open_lora(const std::filesystem::path& path);

/// Looks up every name of `file` in tables made from the names of `bases`. `invalid` if a change does not
/// have the shape of the weight it is for: then the file is made for another family.
Result<LoraMatch> match_lora(const LoraFile& file, std::span<const LoraBase> bases);

/// `base` with `uses` merged: a changed weight is f32, W + sum of weight (alpha / rank) up down in the order
/// of `uses`; others are as they were. Merging happens in get(), each time.
std::shared_ptr<const WeightSource> with_loras(std::shared_ptr<const WeightSource> base, LoraTarget target,
                                               std::vector<LoraUse> uses);

}  // namespace limner
