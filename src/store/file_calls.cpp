#include "store/file_calls.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

namespace limner {

int SystemFileCalls::open(int folder, const char* name, int flags, mode_t mode) {
  return ::openat(folder, name, flags, mode);
}

ssize_t SystemFileCalls::write(int file, std::span<const std::byte> bytes) {
  return ::write(file, bytes.data(), bytes.size());
}

int SystemFileCalls::sync(int file) { return ::fsync(file); }

int UnsyncedFileCalls::sync(int) { return 0; }

int SystemFileCalls::rename(int from_folder, const char* from, int to_folder, const char* to) {
  return ::renameat(from_folder, from, to_folder, to);
}

int SystemFileCalls::make_folder(int folder, const char* name, mode_t mode) {
  return ::mkdirat(folder, name, mode);
}

int SystemFileCalls::remove(int folder, const char* name, int flags) {
  return ::unlinkat(folder, name, flags);
}

}  // namespace limner
