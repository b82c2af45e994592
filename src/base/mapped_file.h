#pragma once
// A file in memory without reading it: pages come from the disk when touched.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "base/result.h"

namespace limner {

/// A regular file, mapped read-only for as long as this lives. Safe from any thread. A file that somebody
/// shortens meanwhile ends the process when a lost page is touched: files of models must be replaced, not
/// rewritten.
class MappedFile {
 public:
  /// Maps `path`; errors as those of `read_file`. An empty file is valid and has no bytes. Of encrypted
  /// weights (sealed_weights.h) what they were is mapped, in memory that no file has.
  static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return bytes_; }
  /// Takes the pages out of this process; touching them brings them back.
  void release_pages() const;

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

}  // namespace limner
