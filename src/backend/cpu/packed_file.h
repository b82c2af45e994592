#pragma once
// Packed weights on disk: a safetensors file whose tensors are the packed bytes, named for the weight and the
// form it is in, so that the reader of model files is the reader of these too.

#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/cpu/program.h"
#include "tensor/safetensors.h"

namespace limner::cpu {

/// What of a request decides its bytes: "conv_in.weight [320, 4, 3, 3] packed ...".
std::string packed_name(const WeightRequest& request);

class PackedFile {
 public:
  /// Maps the file at `place`; `not_found` if there is none, `invalid` if it is damaged or was made for
  /// another key.
  static Result<PackedFile> open(const PackedPlace& place);

  /// `bytes` packed bytes, aligned to a line, or nothing where the file has not got them.
  const std::byte* find(const WeightRequest& request, size_t bytes) const;

  struct Entry {
    std::string name;  ///< as packed_name() says
    const std::byte* data;
    size_t bytes;  ///< a whole number of lines
  };
  static Result<void> write(const PackedPlace& place, const std::vector<Entry>& entries);

 private:
  explicit PackedFile(std::shared_ptr<const SafetensorsFile> file) : file_(std::move(file)) {}
  std::shared_ptr<const SafetensorsFile> file_;
};

}  // namespace limner::cpu
