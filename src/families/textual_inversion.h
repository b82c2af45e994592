#pragma once
// Textual inversion: a word whose meaning was trained, kept as rows for the token table. Gal et al. 2022
// (arXiv:2208.01618).

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace limner {

struct TextualInversion {
  /// Rows for one text encoder's token table.
  struct Vectors {
    int64_t count = 0;
    int64_t width = 0;
    std::vector<float> values;  ///< [count, width]
  };

  /// What a prompt writes: the name in the file, or the file's own name where that is a format's
  /// ("emb_params", "clip_l").
  std::string token;
  /// For the first text encoder and the second. A file for one encoder has only the first.
  std::array<Vectors, 2> encoders;

  /// The vectors for text encoder `index` (0 or 1) of a model, whose table is `width` wide; nullptr if there
  /// are none. A refiner, whose only encoder is as wide as SDXL's second, gets those of the second.
  const Vectors* for_width(int64_t width, size_t index) const;
};

/// Reads a .safetensors embedding: {token: vectors}, {"emb_params": vectors} (A1111), or {"clip_l": ...,
/// "clip_g": ...} (SDXL). A pickle (.pt, .bin) is `unsupported`; at most 75 vectors, which is a whole prompt.
Result<TextualInversion> read_textual_inversion(const std::filesystem::path& path);

}  // namespace limner
