#include "provenance/local_chain.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/crypto.h"
#include "base/file_handle.h"
#include "provenance/x509/issue.h"

namespace limner {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kSecret = 0600, kPublic = 0644, kPrivateFolder = 0700;

// Never over a file that is there, not even one that another program makes this moment.
Result<void> write_new_file(const fs::path& path, const std::string& text, mode_t mode) {
  FileHandle file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file.valid() && errno == EEXIST)
    return Error{Code::conflict, path.string(), "is there already and is not written over", ""};
  if (!file.valid()) return system_error(path, "write", errno);
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t written = ::write(file.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(path, "write", errno);
    rest.remove_prefix(static_cast<size_t>(written));
  }
  if (::fsync(file.get()) != 0 || !file.close()) return system_error(path, "write", errno);
  return {};
}

bool has_key(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "key.pem", error) || fs::exists(folder / "key.uri", error);
}

Result<void> make_folder(const fs::path& folder) {
  std::error_code error;
  if (folder.has_parent_path()) fs::create_directories(folder.parent_path(), error);
  if (error) return system_error(folder, "make", error.value());
  if (::mkdir(folder.c_str(), kPrivateFolder) == 0 || errno == EEXIST) return {};
  return system_error(folder, "make", errno);
}

// The key first: who finds it there has lost the race and writes nothing else.
Result<void> write_chain(const fs::path& folder, const ChainPem& chain) {
  TRY(write_new_file(folder / "key.pem", chain.key, kSecret));
  TRY(write_new_file(folder / "chain.pem", chain.chain, kPublic));
  return write_new_file(folder / "root.pem", chain.root, kPublic);
}

}  // namespace

Result<void> make_chain(const fs::path& folder, const ChainWish& wish, TimeUs now) {
  const ChainPem chain =
      TRY(issue_chain(TRY(key_algorithm_from_name(wish.algorithm)), wish.organisation, now));
  TRY(make_folder(folder));
  std::error_code ignored;
  for (const char* name : {"key.pem", "chain.pem", "root.pem"})
    if (fs::exists(fs::symlink_status(folder / name, ignored)))
      return Error{Code::conflict, (folder / name).string(), "is there already and is not written over",
                   "name another folder"};
  return write_chain(folder, chain);
}

fs::path default_chain_folder() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data && *data)
    return fs::path(data) / "limner" / "signing";
  const char* home = std::getenv("HOME");
  return fs::path(home && *home ? home : ".") / ".local" / "share" / "limner" / "signing";
}

Result<void> ensure_chain(const fs::path& folder, const ChainWish& wish, TimeUs now) {
  std::error_code error;
  if (has_key(folder)) return {};
  fs::path making = folder;
  making += fmt::format(".making-{}", to_hex(random_bytes(8)));
  TRY(make_chain(making, wish, now));
  // Renaming a folder over another works only if that is empty, so the first one stays.
  const bool won = std::rename(making.c_str(), folder.c_str()) == 0;
  const int reason = errno;
  if (won) return {};
  fs::remove_all(making, error);
  if (has_key(folder)) return {};
  return system_error(folder, "make", reason);
}

}  // namespace limner
