#pragma once
// What a network's config.json says of its weights in 8 bits (docs/formats/quantized-weights.md).

#include <set>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "tensor/weight_source.h"

namespace limner {

using WeightSet = std::set<std::string, std::less<>>;

struct Quantization {
  WeightSet weights;              ///< stored in 8 bits
  bool activations_int8 = false;  ///< linear maps with such a weight are computed in 8 bits
  /// Those whose products are of 8-bit integers.
  const WeightSet& computed_in_int8() const;
};

/// The "quantization" of `config`, and the weights in 8 bits that `weights` has. `invalid` if there are such
/// weights and no entry; `unsupported` for another format or an unknown key. `field` names the config.
Result<Quantization> read_quantization(const Json& config, const std::string& field,
                                       const WeightSource& weights);

/// The entry that read_quantization() reads.
Json quantization_entry(bool activations_int8);

}  // namespace limner
