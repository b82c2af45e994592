#include "tensor/safetensors_writer.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "base/file_pieces.h"
#include "base/json.h"

namespace limner {
namespace {

constexpr size_t kHeadMultiple = 64;

/// The length, and the header padded with spaces, so that what follows is aligned.
std::vector<std::byte> head_of(std::string header) {
  uint64_t length = 0;
  header.resize(
      (header.size() + sizeof length + kHeadMultiple - 1) / kHeadMultiple * kHeadMultiple - sizeof length,
      ' ');
  length = header.size();
  std::vector<std::byte> head(sizeof length + header.size());
  std::memcpy(head.data(), &length, sizeof length);
  std::memcpy(head.data() + sizeof length, header.data(), header.size());
  return head;
}

}  // namespace

Result<void> write_safetensors(const std::filesystem::path& path,
                               const std::map<std::string, std::string>& metadata,
                               std::vector<NamedTensor> tensors) {
  // Large elements first: then each begins where a whole number of its elements has gone before.
  std::ranges::stable_sort(tensors, [](const NamedTensor& a, const NamedTensor& b) {
    return dtype_bytes(a.tensor.view.dtype) > dtype_bytes(b.tensor.view.dtype);
  });
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  size_t offset = 0;
  std::vector<std::span<const std::byte>> pieces(1);
  for (const NamedTensor& one : tensors) {
    const ConstTensorView& view = one.tensor.view;
    header[one.name] = {{"dtype", dtype_name(view.dtype)},
                        {"shape", view.shape.dims()},
                        {"data_offsets", {offset, offset + view.bytes()}}};
    offset += view.bytes();
    pieces.emplace_back(static_cast<const std::byte*>(view.data), view.bytes());
  }
  const std::vector<std::byte> head = head_of(header.dump());
  pieces.front() = head;
  return write_pieces_atomically(path, pieces);
}

}  // namespace limner
