#include "audit/log_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/crypto.h"
#include "base/file_handle.h"
#include "base/files.h"
#include "base/ids.h"

namespace limner {
namespace {

namespace fs = std::filesystem;
constexpr size_t kFileBytesMax = 1024;

// Whole and synced under another name first: a key that is half written would sign nothing ever again.
Result<void> write_private(const fs::path& path, const std::string& text) {
  const FileHandle file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.valid()) return system_error(path, "write", errno);
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fsync(file.get()) != 0)
    return system_error(path, "write", errno);
  return {};
}

}  // namespace

Result<std::optional<NoteSigner>> read_log_key(const fs::path& path) {
  Result<std::string> text = read_file(path, kFileBytesMax);
  if (!text && text.error().code == Code::not_found) return std::optional<NoteSigner>();
  if (!text) return std::move(text).error();
  while (text->ends_with('\n')) text->pop_back();
  NoteSigner signer = TRY(NoteSigner::parse(*text, path.string()));
  return std::optional<NoteSigner>(std::move(signer));
}

Result<NoteSigner> read_or_make_log_key(const fs::path& path) {
  std::optional<NoteSigner> kept = TRY(read_log_key(path));
  if (kept) return std::move(*kept);
  const NoteSigner made = NoteSigner::make("limner-audit/" + to_hex(random_bytes(8)));
  const fs::path part = path.parent_path() / ("." + new_id("key") + ".part");
  Result<void> written = write_private(part, made.text() + "\n");
  // A link, unlike a rename, does not take the place of what another has written meanwhile.
  if (written && ::link(part.c_str(), path.c_str()) != 0 && errno != EEXIST)
    written = system_error(path, "write", errno);
  ::unlink(part.c_str());
  TRY(std::move(written));
  std::optional<NoteSigner> found = TRY(read_log_key(path));
  if (!found) return system_error(path, "read", ENOENT);
  return std::move(*found);
}

}  // namespace limner
