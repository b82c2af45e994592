#include "base/secret_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/crypto.h"
#include "base/file_handle.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

/// A file beside the one it will be, gone again unless it was renamed.
class Part {
 public:
  explicit Part(const fs::path& target)
      : path_(target.parent_path() / ("." + to_hex(random_bytes(8)) + ".part")) {}
  ~Part() { ::unlink(path_.c_str()); }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  const char* name() const { return path_.c_str(); }

  Result<void> fill(const fs::path& target, std::string_view text) const {
    FileHandle file(::open(name(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.valid()) return system_error(target, "write", errno);
    while (!text.empty()) {
      const ssize_t written = ::write(file.get(), text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return system_error(target, "write", errno);
      text.remove_prefix(static_cast<size_t>(written));
    }
    if (::fsync(file.get()) != 0 || !file.close()) return system_error(target, "write", errno);
    return {};
  }

 private:
  fs::path path_;
};

// Some file systems cannot sync a folder: they keep their names safe themselves.
void sync_folder_of(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const FileHandle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.valid()) ::fsync(handle.get());
}

}  // namespace

Result<bool> make_secret_file(const fs::path& path, std::string_view text) {
  const Part part(path);
  TRY(part.fill(path, text));
  // A link, unlike a rename, does not take the place of what another has written meanwhile.
  if (::link(part.name(), path.c_str()) != 0) {
    if (errno == EEXIST) return false;
    return system_error(path, "write", errno);
  }
  sync_folder_of(path);
  return true;
}

Result<void> replace_secret_file(const fs::path& path, std::string_view text) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  const fs::path& target = error ? path : real;
  const Part part(target);
  TRY(part.fill(target, text));
  if (::rename(part.name(), target.c_str()) != 0) return system_error(target, "write", errno);
  sync_folder_of(target);
  return {};
}

}  // namespace limner
