#pragma once
// One program at a time in a folder.

#include <filesystem>

#include "base/file_handle.h"
#include "base/result.h"

namespace limner {

/// Holds a folder until it is destroyed or the process ends, however it ends.
class FolderLock {
 public:
  explicit FolderLock(FileHandle file) : file_(std::move(file)) {}

 private:
  FileHandle file_;
};

/// Takes the lock of the folder `path`, the file limner.lock in it (flock(2)), without waiting: `conflict` if
/// somebody has it, `not_found` if there is no such folder.
Result<FolderLock> lock_folder(const std::filesystem::path& path);

}  // namespace limner
