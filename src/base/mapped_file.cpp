#include "base/mapped_file.h"

#include <sys/mman.h>

#include <cerrno>

#include "base/file_handle.h"
#include "base/sealed_weights.h"

namespace limner {

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& path) {
  struct stat status {};
  FileHandle file = TRY(open_regular(path, status));
  uint64_t size = static_cast<uint64_t>(status.st_size);
  const bool sealed = TRY(is_sealed_weights(path));
  // The memory outlives its descriptor, and the pages of it that are taken out of this process.
  if (sealed) file = TRY(open_sealed_weights(file, path, size));
  if (size == 0) return std::shared_ptr<const MappedFile>(new MappedFile({}));
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (memory == MAP_FAILED) return system_error(path, "map into memory", errno);
  if (sealed) ::madvise(memory, size, MADV_DONTDUMP);
  return std::shared_ptr<const MappedFile>(new MappedFile({static_cast<const std::byte*>(memory), size}));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void MappedFile::release_pages() const {
  if (!bytes_.empty()) ::madvise(const_cast<std::byte*>(bytes_.data()), bytes_.size(), MADV_DONTNEED);
}

}  // namespace limner
