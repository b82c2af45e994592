#pragma once
// Views of one WeightSource as another: other names, parts of tensors, rows added. All immutable; each keeps
// its base.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/weight_source.h"

namespace limner {

/// How a tensor is made from the one it comes from.
enum class Take : uint8_t {
  whole,         ///< as it is
  first_third,   ///< of the outermost extent: q of a fused [q; k; v]
  second_third,  ///< k
  last_third,    ///< v
  transposed     ///< a matrix with its two extents exchanged (a copy)
};

/// Which tensor of the base, and what of it.
struct WeightOrigin {
  std::string name;
  Take take = Take::whole;
};

/// New name -> where it comes from.
using WeightNames = std::map<std::string, WeightOrigin, std::less<>>;

/// The weights of `base` under the names of `names` and no others. Names whose origin `base` lacks are
/// absent.
std::shared_ptr<const WeightSource> renamed_weights(std::shared_ptr<const WeightSource> base,
                                                    WeightNames names);

/// The weights of `base` whose names begin with `prefix`, without it.
std::shared_ptr<const WeightSource> weights_below(std::shared_ptr<const WeightSource> base,
                                                  const std::string& prefix);

/// `base` with `prefix` before every name.
std::shared_ptr<const WeightSource> weights_prefixed(std::shared_ptr<const WeightSource> base,
                                                     const std::string& prefix);

/// `base` with rows appended to its matrix `name` [n, width], which becomes f32 [n + rows.size() / width,
/// width]: new tokens of an embedding table. `invalid` if there is no such matrix, or the rows are not whole
/// rows of its width.
Result<std::shared_ptr<const WeightSource>> with_extra_rows(std::shared_ptr<const WeightSource> base,
                                                            std::string name, std::vector<float> rows,
                                                            int64_t width);

}  // namespace limner
