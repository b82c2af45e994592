#pragma once
// A file on its way to becoming an object.

#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file_handle.h"
#include "store/file_calls.h"

namespace limner {

/// A whole file, synced to the disk, under a name of its own in the folder of unfinished files; removed with
/// this object unless it was renamed.
class IncomingFile {
 public:
  /// `key` is for errors.
  static Result<IncomingFile> write(FileCalls& calls, int folder, std::string_view key,
                                    std::span<const std::byte> bytes);
  IncomingFile(IncomingFile&& other) noexcept
      : calls_(other.calls_), folder_(other.folder_), name_(std::exchange(other.name_, {})) {}
  IncomingFile& operator=(IncomingFile&&) = delete;
  ~IncomingFile();

  const std::string& name() const { return name_; }
  void was_renamed() { name_.clear(); }

 private:
  IncomingFile(FileCalls& calls, int folder, std::string name)
      : calls_(calls), folder_(folder), name_(std::move(name)) {}

  FileCalls& calls_;
  int folder_;
  std::string name_;
};

/// Removes the files of `folder` that were last written before `before`.
void remove_old_incoming(FileCalls& calls, int folder, TimeUs before);

}  // namespace limner
