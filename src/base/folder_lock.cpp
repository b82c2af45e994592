#include "base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace limner {

Result<FolderLock> lock_folder(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored))
    return not_found(path.string(), "there is no such folder");
  FileHandle file(::open((path / "limner.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.valid()) return system_error(path, "lock", errno);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return FolderLock(std::move(file));
  if (errno != EWOULDBLOCK) return system_error(path, "lock", errno);
  return Error{Code::conflict, path.string(), "another Limner works in this folder", "stop it first"};
}

}  // namespace limner
