#pragma once
// The system calls by which a local store changes the disk, as an interface, so that a test can fail any one
// of them.

#include <sys/types.h>

#include <cstddef>
#include <span>

namespace limner {

/// Each is the call of POSIX that its comment names: the same arguments, the same answer, -1 with errno set
/// on failure. Thread-safe.
class FileCalls {
 public:
  virtual ~FileCalls() = default;
  virtual int open(int folder, const char* name, int flags, mode_t mode) = 0;                ///< openat
  virtual ssize_t write(int file, std::span<const std::byte> bytes) = 0;                     ///< write
  virtual int sync(int file) = 0;                                                            ///< fsync
  virtual int rename(int from_folder, const char* from, int to_folder, const char* to) = 0;  ///< renameat
  virtual int make_folder(int folder, const char* name, mode_t mode) = 0;                    ///< mkdirat
  virtual int remove(int folder, const char* name, int flags) = 0;                           ///< unlinkat
};

/// The system's own.
class SystemFileCalls : public FileCalls {
 public:
  int open(int folder, const char* name, int flags, mode_t mode) override;
  ssize_t write(int file, std::span<const std::byte> bytes) override;
  int sync(int file) override;
  int rename(int from_folder, const char* from, int to_folder, const char* to) override;
  int make_folder(int folder, const char* name, mode_t mode) override;
  int remove(int folder, const char* name, int flags) override;
};

/// Does not wait for the disk: what is written survives this process, not the machine losing power.
class UnsyncedFileCalls final : public SystemFileCalls {
 public:
  int sync(int file) override;
};

}  // namespace limner
