#include "base/file_handle.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace limner {
namespace {

Code code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return Code::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::forbidden;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return Code::exhausted;
    case EFBIG:
      return Code::too_large;
    case EIO:
      return Code::data_loss;
    default:
      return Code::invalid;
  }
}

std::string_view kind_of(const struct stat& status) {
  if (S_ISDIR(status.st_mode)) return "a folder";
  if (S_ISFIFO(status.st_mode)) return "a FIFO";
  if (S_ISSOCK(status.st_mode)) return "a socket";
  return "a device";
}

}  // namespace

FileHandle::~FileHandle() { close(); }

bool FileHandle::close() {
  if (!valid()) return true;
  return ::close(std::exchange(descriptor_, -1)) == 0;
}

Error system_error(const std::filesystem::path& path, std::string_view attempt, int error_number) {
  std::string reason =
      error_number == EDQUOT ? "the disk quota is used up" : std::generic_category().message(error_number);
  return Error{code_of(error_number), path.string(), fmt::format("cannot {}: {}", attempt, reason), {}};
}

Result<void> check_regular(const std::filesystem::path& path, const struct stat& status) {
  if (S_ISREG(status.st_mode)) return {};
  return invalid(path.string(), fmt::format("is {}, not a regular file", kind_of(status)));
}

Result<FileHandle> open_regular(const std::filesystem::path& path, struct stat& status) {
  // The type is looked at before opening, because opening some devices has effects, and again after, because
  // the name may have been given to something else meanwhile.
  if (::stat(path.c_str(), &status) != 0) return system_error(path, "read", errno);
  TRY(check_regular(path, status));
  FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.valid() || ::fstat(file.get(), &status) != 0) return system_error(path, "read", errno);
  TRY(check_regular(path, status));
  return file;
}

}  // namespace limner
