#pragma once
// Workspaces of the CPU backends: anonymous memory straight from the system, on huge pages where it grants
// them.

#include <cstddef>
#include <memory>

#include "backend/backend.h"

namespace limner {

/// Zeroed anonymous memory, unmapped at the end. Pages are given when first touched.
class MappedMemory {
 public:
  MappedMemory() = default;
  /// `exhausted` when the system refuses.
  static Result<MappedMemory> map(size_t bytes);
  MappedMemory(MappedMemory&& other) noexcept;
  MappedMemory& operator=(MappedMemory&& other) noexcept;
  ~MappedMemory();

  /// Aligned to a page at least.
  std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

class MappedWorkspace final : public Workspace {
 public:
  Result<void> reserve(size_t bytes) override;
  void release() override { memory_ = MappedMemory(); }
  size_t bytes() const override { return memory_.bytes(); }
  std::byte* data() const { return memory_.data(); }

 private:
  MappedMemory memory_;
};

}  // namespace limner
