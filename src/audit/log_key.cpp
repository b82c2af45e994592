#include "audit/log_key.h"

#include <cerrno>

#include "base/crypto.h"
#include "base/file_handle.h"
#include "base/files.h"
#include "base/secret_file.h"

namespace limner {
namespace {

namespace fs = std::filesystem;
constexpr size_t kFileBytesMax = 1024;

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
  TRY(make_secret_file(path, made.text() + "\n"));
  std::optional<NoteSigner> found = TRY(read_log_key(path));
  if (!found) return system_error(path, "read", ENOENT);
  return std::move(*found);
}

}  // namespace limner
