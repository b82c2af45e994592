#pragma once
// A WeightSource whose weights have changes added as they are read.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nets/lora_file.h"
#include "tensor/weight_source.h"

namespace limner {

/// One summand of a weight.
struct WeightChange {
  std::shared_ptr<const LoraFile> file;
  const LoraModule* module = nullptr;  ///< lives in `file`
  float weight = 1;
  bool is_bias = false;  ///< the module's difference of the bias, instead of its change of the weight
};

/// Tensor name -> what is added to it, in this order.
using WeightChanges = std::map<std::string, std::vector<WeightChange>, std::less<>>;

/// `base` with `changes`: those tensors become f32, made anew by every get(). A change that does not have its
/// tensor's shape is `invalid` there.
std::shared_ptr<const WeightSource> merged_weights(std::shared_ptr<const WeightSource> base,
                                                   WeightChanges changes);

}  // namespace limner
