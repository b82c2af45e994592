#pragma once
// Keys as paths below a folder, without ever leaving it.

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/file_handle.h"
#include "store/file_calls.h"

namespace limner {

/// The mode of folders that a store makes: nobody but the service looks into them.
inline constexpr mode_t kPrivateFolder = 0700;

/// Where an object lies or would lie: a name in an open folder.
struct ObjectPlace {
  FileHandle folder;
  std::string name;
};

/// What failed at an object: "cannot write 'a/b': No space left on device". A full disk is `exhausted`,
/// missing permission `forbidden`, an unreadable disk `data_loss`; every other failed change is
/// `unavailable`.
Error read_error(std::string_view key, int error_number);
Error write_error(std::string_view key, int error_number);
/// `not_found` for `key`.
Error no_object(std::string_view key);

/// Whether what changed in an open folder is on the disk now. Some file systems cannot sync a folder: they
/// are taken to keep their names safe themselves.
bool sync_folder(FileCalls& calls, const FileHandle& folder);

/// A folder below which each segment of a key but the last is a folder. Symbolic links below it are never
/// followed: they are taken for what is not there.
class ObjectFolders {
 public:
  ObjectFolders(FileHandle root, FileCalls& calls) : root_(std::move(root)), calls_(calls) {}
  int root() const { return root_.get(); }

  /// `not_found` where a folder on the way is missing.
  Result<ObjectPlace> find(std::string_view key) const;
  /// Makes the folders that are missing, durably. `conflict` where one of them is something else.
  Result<ObjectPlace> make(std::string_view key);
  /// Removes the folders of `key` that are empty now.
  void prune(std::string_view key);

 private:
  Result<FileHandle> open_or_make(const FileHandle& parent, const std::string& name, std::string_view key);

  FileHandle root_;
  FileCalls& calls_;
};

}  // namespace limner
