#pragma once
// Writing safetensors files.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "tensor/weight_source.h"

namespace limner {

struct NamedTensor {
  std::string name;
  Weight tensor;
};

/// Writes `tensors`, whose names differ, to `path` atomically. Every one lies at a multiple of its element
/// size, whatever their order here.
Result<void> write_safetensors(const std::filesystem::path& path,
                               const std::map<std::string, std::string>& metadata,
                               std::vector<NamedTensor> tensors);

}  // namespace limner
