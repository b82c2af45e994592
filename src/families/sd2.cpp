// Stable Diffusion 2.x and SD-Turbo: as 1.x with OpenCLIP ViT-H/14's text tower, whose penultimate layer is
// the last one kept in the files, so the last hidden state is the right one.

#include <array>

#include "families/family.h"

namespace limner {
namespace {

constexpr std::array<TextUse, 1> kSd2Text = {{{"text_encoder", "tokenizer", 1, true, false}}};

// The text tower tells 2.x from 1.x: OpenCLIP's uses the exact GELU.
bool recognises_sd2(const ModelFiles& files) {
  const Component* text = files.find("text_encoder");
  if (!text || files.find("text_encoder_2")) return false;
  const auto act = text->config.find("hidden_act");
  return act != text->config.end() && act->is_string() && act->get<std::string>() == "gelu";
}

}  // namespace

extern const Family kSd2 = {"sd2", "Stable Diffusion 2.x", kSd2Text, false, false, 7.5, 50, recognises_sd2};

}  // namespace limner
