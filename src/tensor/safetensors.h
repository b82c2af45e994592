#pragma once
// The safetensors file format: an eight-byte length, a JSON header, then the tensors' bytes. Nothing in it is
// executed. https://github.com/huggingface/safetensors#format

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "base/result.h"
#include "tensor/safetensors_header.h"
#include "tensor/weight_source.h"

namespace limner {

/// The weights of one file. Immutable; safe from any thread. Weights that lie aligned in the file are views
/// of it; others (the format does not promise alignment) are copied when asked for.
class SafetensorsFile final : public WeightSource {
 public:
  /// Reads the header of `bytes`; `path` names the file in errors. The header must be complete and honest:
  /// every tensor inside the file, none twice, none over another, nothing between.
  static Result<std::shared_ptr<const SafetensorsFile>> from_bytes(std::filesystem::path path,
                                                                   std::string bytes);
  /// As above, of a mapped file. A pickle (.ckpt, .pt, .bin) or another known format is `unsupported`, with
  /// what to do.
  static Result<std::shared_ptr<const SafetensorsFile>> from_mapped(std::filesystem::path path,
                                                                    std::shared_ptr<const MappedFile> mapped);

  const std::filesystem::path& path() const { return path_; }
  /// The free texts of the header's "__metadata__".
  const std::map<std::string, std::string>& metadata() const { return header_.metadata; }

  bool has(std::string_view name) const override;
  Result<Weight> get(std::string_view name, const Shape& expected) const override;
  Result<Shape> shape_of(std::string_view name) const override;
  /// A tensor of codes whose scales are there too; those are no weights of their own.
  bool is_int8(std::string_view name) const override;
  std::vector<std::string> names() const override;
  void release_pages() const override;

 private:
  SafetensorsFile() = default;
  static Result<std::shared_ptr<SafetensorsFile>> parse(std::filesystem::path path,
                                                        std::span<const std::byte> bytes);
  const SafetensorsEntry* find(std::string_view name) const;
  /// The scales of a tensor in 8 bits; null if it is none.
  const SafetensorsEntry* scales_of(const SafetensorsEntry& codes) const;
  bool are_scales(std::string_view name) const;
  Result<Weight> dequantized(const SafetensorsEntry& codes, const SafetensorsEntry& scales,
                             const Shape& expected) const;

  std::filesystem::path path_;
  SafetensorsHeader header_;
  std::span<const std::byte> data_;
  std::shared_ptr<const void> keep_;
  std::shared_ptr<const MappedFile> mapped_;  // null if the bytes are our own
};

/// Maps the file at `path` and reads its header.
Result<std::shared_ptr<const SafetensorsFile>> open_safetensors(const std::filesystem::path& path);

}  // namespace limner
