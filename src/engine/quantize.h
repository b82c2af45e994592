#pragma once
// A model with smaller weights: linear maps in 8 bits where that does little harm.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace limner {

struct QuantizeRequest {
  std::filesystem::path model;   ///< a diffusers folder
  std::filesystem::path output;  ///< the folder to make
  bool weight_only = false;      ///< store only; compute in the usual precision
  int prompts = 4;               ///< drawings of built-in prompts that errors are measured on, 1 to 64
  double error_max = 0.05;       ///< a map with a greater error keeps its precision
  int threads = 0;
  /// Called with the share that is done, 0 to 1; false stops with `cancelled`.
  std::function<bool(double)> progress;
};

/// A linear map and what was decided.
struct QuantizedMap {
  std::string weight;
  double error = 0;  ///< relative, root mean square, over the drawings' values
  bool int8 = false;
};

struct QuantizedModel {
  std::vector<QuantizedMap> maps;  ///< in the order of the network
  size_t bytes_before = 0;         ///< of the UNet's weight files
  size_t bytes_after = 0;
};

/// Draws the built-in prompts with the model in f32, measures at every third evaluation what computing each
/// linear map of the UNet in 8 bits does to its result (layer_errors.h), and writes the model to `output`
/// with those maps in 8 bits whose error is at most `error_max`: all or nothing, the same bytes every time.
/// Signatures of the model are left out. `conflict` if there is something at `output`; `unsupported` for a
/// single-file checkpoint; `invalid` for a model that is quantised already, or if no map is good enough.
Result<QuantizedModel> quantize_model(const QuantizeRequest& request);

}  // namespace limner
