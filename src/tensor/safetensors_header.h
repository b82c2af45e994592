#pragma once
// The header of a safetensors file, parsed and checked against the size of what follows it.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace limner {

/// One tensor of the file.
struct SafetensorsEntry {
  std::string name;
  std::string dtype_text;      ///< as written: "F16", "F8_E4M3"
  std::optional<DType> dtype;  ///< nothing if `dtype_text` is none of ours
  Shape shape;
  uint64_t begin = 0;  ///< first byte, counted from the end of the header
  uint64_t end = 0;    ///< one past the last
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  ///< sorted by name
  std::map<std::string, std::string> metadata;
};

/// Parses the JSON `text` of a header before `data_bytes` bytes of tensors, in time linear in the header but
/// for sorting. Anything that is not exactly such a header is `invalid`; `field` is the file, and the message
/// names the tensor.
Result<SafetensorsHeader> parse_safetensors_header(std::string_view text, uint64_t data_bytes,
                                                   const std::string& field);

}  // namespace limner
