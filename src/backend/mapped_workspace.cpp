#include "backend/mapped_workspace.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <utility>

namespace limner {

Result<MappedMemory> MappedMemory::map(size_t bytes) {
  MappedMemory memory;
  if (bytes == 0) return memory;
  void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) {
    return Error{Code::exhausted, "memory", fmt::format("the system refused {} MiB", bytes >> 20),
                 "draw smaller pictures, fewer at once, or in bf16"};
  }
  // Advice only: a kernel without huge pages serves small ones.
  ::madvise(data, bytes, MADV_HUGEPAGE);
  memory.data_ = static_cast<std::byte*>(data);
  memory.bytes_ = bytes;
  return memory;
}

MappedMemory::MappedMemory(MappedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

MappedMemory& MappedMemory::operator=(MappedMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedMemory::~MappedMemory() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

Result<void> MappedWorkspace::reserve(size_t bytes) {
  if (bytes <= memory_.bytes()) return {};
  memory_ = MappedMemory();  // Give back first: the two need not fit side by side.
  memory_ = TRY(MappedMemory::map(bytes));
  return {};
}

}  // namespace limner
