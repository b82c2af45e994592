// The refiner of Stable Diffusion XL: the second text tower alone, an aesthetic score in place of the target
// size.

#include <array>

#include "families/family.h"

namespace limner {
namespace {

constexpr std::array<TextUse, 1> kSdxlRefinerText = {{{"text_encoder_2", "tokenizer_2", 2, false, true}}};

bool recognises_sdxl_refiner(const ModelFiles& files) {
  return !files.find("text_encoder") && files.find("text_encoder_2");
}

}  // namespace

extern const Family kSdxlRefiner = {
    "sdxl_refiner",         "Stable Diffusion XL refiner", kSdxlRefinerText, true, true, 5.0, 50,
    recognises_sdxl_refiner};

}  // namespace limner
