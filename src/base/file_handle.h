#pragma once
// An open file descriptor and the words for what the system answers. Internal to base/.

#include <sys/stat.h>

#include <filesystem>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace limner {

/// Owns a file descriptor.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int descriptor) : descriptor_(descriptor) {}
  FileHandle(FileHandle&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileHandle();

  int get() const { return descriptor_; }
  bool valid() const { return descriptor_ >= 0; }
  /// Closes now; false if the system reports a write that failed late.
  bool close();

 private:
  int descriptor_ = -1;
};

/// What a system call that failed with `error_number` on `path` means, as an Error: "cannot write: No space
/// left on device".
Error system_error(const std::filesystem::path& path, std::string_view attempt, int error_number);

/// `invalid` unless `status` is of a regular file.
Result<void> check_regular(const std::filesystem::path& path, const struct stat& status);

/// Opens a regular file for reading, without ever waiting for a FIFO's other end.
Result<FileHandle> open_regular(const std::filesystem::path& path, struct stat& status);

}  // namespace limner
