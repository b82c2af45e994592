#include "store/incoming_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/crypto.h"
#include "store/folder_entries.h"
#include "store/object_folders.h"

namespace limner {
namespace {

// Linux moves at most 2 GiB a call.
constexpr size_t kCallBytesMax = size_t{1} << 30;

bool write_all(FileCalls& calls, int file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = calls.write(file, bytes.first(std::min(bytes.size(), kCallBytesMax)));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(wrote));
  }
  return true;
}

}  // namespace

Result<IncomingFile> IncomingFile::write(FileCalls& calls, int folder, std::string_view key,
                                         std::span<const std::byte> bytes) {
  std::string name = to_hex(random_bytes(16));
  const FileHandle file(calls.open(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.valid()) return write_error(key, errno);
  IncomingFile incoming(calls, folder, std::move(name));
  if (!write_all(calls, file.get(), bytes) || calls.sync(file.get()) != 0) return write_error(key, errno);
  return incoming;
}

IncomingFile::~IncomingFile() {
  if (!name_.empty()) calls_.remove(folder_, name_.c_str(), 0);
}

void remove_old_incoming(FileCalls& calls, int folder, TimeUs before) {
  const Result<std::vector<FolderEntry>> entries = folder_entries(folder);
  if (!entries) return;
  for (const FolderEntry& entry : *entries) {
    struct stat status {};
    if (entry.is_folder || ::fstatat(folder, entry.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (modified_of(status) < before) calls.remove(folder, entry.name.c_str(), 0);
  }
}

}  // namespace limner
