// Stable Diffusion 1.x: Rombach et al. 2022 (arXiv:2112.10752), conditioned on the last layer of CLIP
// ViT-L/14's text tower. Also what shares its shape: LCM, inpainting, InstructPix2Pix, BK-SDM, and the
// default model.

#include <array>

#include "families/family.h"

namespace limner {
namespace {

constexpr std::array<TextUse, 1> kSd1Text = {{{"text_encoder", "tokenizer", 1, true, false}}};

bool recognises_sd1(const ModelFiles& files) {
  return files.find("text_encoder") && !files.find("text_encoder_2");
}

}  // namespace

extern const Family kSd1 = {"sd1", "Stable Diffusion 1.x", kSd1Text, false, false, 7.5, 50, recognises_sd1};

}  // namespace limner
