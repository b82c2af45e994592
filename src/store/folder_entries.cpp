#include "store/folder_entries.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "store/object_folders.h"

namespace limner {
namespace {

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

// Some file systems do not tell the type with the name.
unsigned char type_of(int folder, const dirent& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type;
  struct stat status {};
  if (::fstatat(folder, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) return DT_UNKNOWN;
  return S_ISREG(status.st_mode) ? DT_REG : S_ISDIR(status.st_mode) ? DT_DIR : DT_UNKNOWN;
}

// Opened anew: a duplicate would share, and move, the reading position of whoever else reads the folder.
DIR* open_again(int descriptor) {
  const int again = ::openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) return nullptr;
  DIR* folder = ::fdopendir(again);
  if (!folder) ::close(again);
  return folder;
}

}  // namespace

Result<std::vector<FolderEntry>> folder_entries(int descriptor) {
  const std::unique_ptr<DIR, CloseFolder> folder(open_again(descriptor));
  if (!folder) return read_error(".", errno);
  std::vector<FolderEntry> entries;
  errno = 0;
  while (const dirent* entry = ::readdir(folder.get())) {
    const unsigned char type = type_of(::dirfd(folder.get()), *entry);
    const std::string_view name = entry->d_name;
    if ((type == DT_REG || type == DT_DIR) && name != "." && name != "..")
      entries.push_back({std::string(name), type == DT_DIR});
    errno = 0;
  }
  if (errno != 0) return read_error(".", errno);
  return entries;
}

TimeUs modified_of(const struct stat& status) {
  return status.st_mtim.tv_sec * kSecondUs + status.st_mtim.tv_nsec / 1000;
}

}  // namespace limner
