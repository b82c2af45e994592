// Stable Diffusion XL: Podell et al. 2023 (arXiv:2307.01952). Penultimate states of two text towers side by
// side, the second tower's pooled projection and the picture's sizes beside the timestep.

#include <array>

#include "families/family.h"

namespace limner {
namespace {

constexpr std::array<TextUse, 2> kSdxlText = {
    {{"text_encoder", "tokenizer", 2, false, false}, {"text_encoder_2", "tokenizer_2", 2, false, true}}};

bool recognises_sdxl(const ModelFiles& files) {
  return files.find("text_encoder") && files.find("text_encoder_2");
}

}  // namespace

extern const Family kSdxl = {"sdxl", "Stable Diffusion XL", kSdxlText, true, false, 5.0, 50, recognises_sdxl};

}  // namespace limner
