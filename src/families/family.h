#pragma once
// What a model family is: how to recognise it and everything that differs between families once the networks
// are known. To add one: a file in this folder and a line in families.cpp.

#include <span>
#include <string_view>

#include "base/result.h"
#include "families/model_files.h"

namespace limner {

/// How one text encoder's states enter the conditioning.
struct TextUse {
  std::string_view encoder;    ///< component: "text_encoder"
  std::string_view tokenizer;  ///< component: "tokenizer"
  int hidden_from_end;         ///< 1: last hidden state, 2: the one before, ...
  bool final_norm;             ///< apply the encoder's final LayerNorm to it
  bool pooled;                 ///< its pooled projection is the pooled conditioning
};

/// A closed set of values; nothing here is computed at run time.
struct Family {
  std::string_view name;   ///< "sd1"
  std::string_view title;  ///< "Stable Diffusion 1.x"
  /// Encoders in the order in which their states are concatenated along channels.
  std::span<const TextUse> text;
  /// SDXL's (height, width, crop, target size) beside the pooled text. Podell et al. 2023, section 2.2.
  bool micro_conditioning;
  /// The last two sizes are replaced by an aesthetic score (SDXL refiner).
  bool aesthetic_score;
  double default_guidance;
  int default_steps;
  bool (*recognises)(const ModelFiles&);
};

/// Every family, in the order in which they are asked.
std::span<const Family* const> families();

/// The family of `files`; `unsupported`, saying what was looked for, when none recognises it.
Result<const Family*> recognise_family(const ModelFiles& files);

}  // namespace limner
