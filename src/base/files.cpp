#include "base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <random>

#include "base/file_handle.h"
#include "base/file_pieces.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

// Linux moves at most 2 GiB a call.
constexpr size_t kCallBytesMax = size_t{1} << 30;

Result<void> write_all(const FileHandle& file, const fs::path& path, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(file.get(), bytes.data(), std::min(bytes.size(), kCallBytesMax));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return system_error(path, "write", errno);
    bytes = bytes.subspan(static_cast<size_t>(wrote));
  }
  return {};
}

// A fresh file beside the target; mkstemp would make it private to its owner whatever the umask says.
Result<FileHandle> create_beside(const fs::path& target, fs::path& made) {
  std::random_device random;
  for (int attempt = 0; attempt < 16; ++attempt) {
    made = target.parent_path() / fmt::format(".limner-{:08x}{:08x}.part", random(), random());
    FileHandle file(::open(made.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.valid()) return file;
    if (errno != EEXIST) break;
  }
  return system_error(target, "write", errno);
}

// A rename is on the disk only once its folder is. Some file systems cannot sync a folder: the data itself is
// safe.
void sync_folder(const fs::path& folder) {
  FileHandle handle(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.valid()) ::fsync(handle.get());
}

Result<void> fill_and_rename(FileHandle file, const fs::path& made, const fs::path& target,
                             std::span<const std::span<const std::byte>> pieces) {
  for (const std::span<const std::byte> piece : pieces) TRY(write_all(file, target, piece));
  if (::fsync(file.get()) != 0 || !file.close()) return system_error(target, "write", errno);
  if (::rename(made.c_str(), target.c_str()) != 0) return system_error(target, "write", errno);
  sync_folder(target.parent_path());
  return {};
}

// What a symbolic link leads to; the path itself if there is no such thing.
fs::path followed(const fs::path& path) {
  std::error_code error;
  fs::path real = fs::canonical(path, error);
  return error ? path : real;
}

// Everything about the place of a file to write that can be known without touching it.
Result<void> check_place(const fs::path& path) {
  if (path.filename().empty() || path.filename() == "." || path.filename() == "..")
    return invalid(path.string(), "is not the name of a file to write");
  const fs::path target = followed(path);
  struct stat status {};
  if (::stat(target.c_str(), &status) == 0) {
    TRY(check_regular(path, status));
  } else if (errno != ENOENT) {
    return system_error(path, "write", errno);
  }
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  if (::stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    return not_found(path.string(), fmt::format("there is no folder '{}'", folder.string()),
                     "make the folder first");
  return {};
}

}  // namespace

Result<std::string> read_file(const fs::path& path, size_t bytes_max) {
  struct stat status {};
  FileHandle file = TRY(open_regular(path, status));
  const auto too_large = [&] {
    return Error{
        Code::too_large, path.string(), fmt::format("longer than the {} bytes allowed", bytes_max), {}};
  };
  const size_t size = static_cast<size_t>(status.st_size);
  if (size > bytes_max) return too_large();
  // The size is only a hint: a file may grow while it is read, and those in /proc claim to be empty.
  std::string bytes(std::min(size + 1, bytes_max + 1), '\0');
  size_t filled = 0;
  while (true) {
    const ssize_t got =
        ::read(file.get(), bytes.data() + filled, std::min(bytes.size() - filled, kCallBytesMax));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path, "read", errno);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
    if (filled > bytes_max) return too_large();
    if (filled == bytes.size()) bytes.resize(std::min(std::max<size_t>(2 * filled, 4096), bytes_max + 1));
  }
  bytes.resize(filled);
  return bytes;
}

Result<void> check_writable(const fs::path& path) {
  TRY(check_place(path));
  // Only making a file tells: permissions, a read-only disk and quotas are all asked, and root is not
  // believed.
  fs::path made;
  TRY(create_beside(followed(path), made));
  ::unlink(made.c_str());
  return {};
}

Result<void> write_file_atomically(const fs::path& path, std::span<const std::byte> bytes) {
  return write_pieces_atomically(path, std::span(&bytes, 1));
}

Result<void> write_pieces_atomically(const fs::path& path,
                                     std::span<const std::span<const std::byte>> pieces) {
  TRY(check_place(path));
  const fs::path target = followed(path);
  fs::path made;
  FileHandle file = TRY(create_beside(target, made));
  Result<void> written = fill_and_rename(std::move(file), made, target, pieces);
  if (!written) ::unlink(made.c_str());
  return written;
}

}  // namespace limner
