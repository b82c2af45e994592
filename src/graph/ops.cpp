#include "graph/ops.h"

#include <array>

namespace limner::op {

const char* name(const Any& any) {
  // In the order of the variant's alternatives.
  static constexpr std::array kNames = {"input",         "constant",        "linear",    "conv2d",
                                        "group_norm",    "layer_norm",      "attention", "activation",
                                        "prelu",         "geglu",           "add",       "mul",
                                        "affine",        "concat",          "slice",     "upsample_nearest",
                                        "pixel_shuffle", "pixel_unshuffle", "embedding", "sinusoid_embedding",
                                        "take_row",      "reshape"};
  static_assert(kNames.size() == std::variant_size_v<Any>);
  return kNames[any.index()];
}

}  // namespace limner::op
