#include "store/object_folders.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include "store/error_field.h"

namespace limner {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

Error file_error(Code otherwise, std::string_view attempt, std::string_view key, int error_number) {
  Code code = otherwise;
  if (error_number == ENOSPC || error_number == EDQUOT) code = Code::exhausted;
  if (error_number == EACCES || error_number == EPERM || error_number == EROFS) code = Code::forbidden;
  if (error_number == EMFILE || error_number == ENFILE || error_number == ENOMEM) code = Code::unavailable;
  return {code,
          kStoreField,
          fmt::format("cannot {} '{}': {}", attempt, key, std::generic_category().message(error_number)),
          {}};
}

// A file or a symbolic link where a folder was asked for.
bool is_no_folder(int error_number) { return error_number == ENOTDIR || error_number == ELOOP; }

// Takes the first segment off `path`, if there is a slash behind it.
bool take_folder(std::string_view& path, std::string& folder) {
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return false;
  folder = path.substr(0, slash);
  path.remove_prefix(slash + 1);
  return true;
}

}  // namespace

Error read_error(std::string_view key, int error_number) {
  return file_error(Code::data_loss, "read", key, error_number);
}

Error write_error(std::string_view key, int error_number) {
  return file_error(Code::unavailable, "write", key, error_number);
}

Error no_object(std::string_view key) { return not_found(kStoreField, fmt::format("there is no '{}'", key)); }

bool sync_folder(FileCalls& calls, const FileHandle& folder) {
  return calls.sync(folder.get()) == 0 || errno == EINVAL || errno == ENOTSUP;
}

Result<ObjectPlace> ObjectFolders::find(std::string_view key) const {
  FileHandle folder(::openat(root(), ".", kFolderFlags));
  std::string_view rest = key;
  for (std::string name; folder.valid() && take_folder(rest, name);)
    folder = FileHandle(::openat(folder.get(), name.c_str(), kFolderFlags));
  if (folder.valid()) return ObjectPlace{std::move(folder), std::string(rest)};
  if (errno == ENOENT || is_no_folder(errno)) return no_object(key);
  return read_error(key, errno);
}

Result<FileHandle> ObjectFolders::open_or_make(const FileHandle& parent, const std::string& name,
                                               std::string_view key) {
  FileHandle folder(calls_.open(parent.get(), name.c_str(), kFolderFlags, 0));
  if (folder.valid()) return folder;
  if (is_no_folder(errno))
    return Error{
        Code::conflict, kStoreField, fmt::format("'{}' lies below '{}', which is no folder", key, name), {}};
  if (errno != ENOENT || calls_.make_folder(parent.get(), name.c_str(), kPrivateFolder) != 0)
    return write_error(key, errno);
  // A folder that exists counts as durable, so one that may not be must not stay.
  if (!sync_folder(calls_, parent)) {
    const Error error = write_error(key, errno);
    calls_.remove(parent.get(), name.c_str(), AT_REMOVEDIR);
    return error;
  }
  folder = FileHandle(calls_.open(parent.get(), name.c_str(), kFolderFlags, 0));
  if (!folder.valid()) return write_error(key, errno);
  return folder;
}

Result<ObjectPlace> ObjectFolders::make(std::string_view key) {
  FileHandle folder(calls_.open(root(), ".", kFolderFlags, 0));
  if (!folder.valid()) return write_error(key, errno);
  std::string_view rest = key;
  for (std::string name; take_folder(rest, name);) folder = TRY(open_or_make(folder, name, key));
  return ObjectPlace{std::move(folder), std::string(rest)};
}

void ObjectFolders::prune(std::string_view key) {
  while (true) {
    const size_t slash = key.rfind('/');
    if (slash == std::string_view::npos) return;
    key = key.substr(0, slash);
    const Result<ObjectPlace> folder = find(key);
    if (folder && calls_.remove(folder->folder.get(), folder->name.c_str(), AT_REMOVEDIR) != 0 &&
        errno != ENOENT)
      return;
  }
}

}  // namespace limner
