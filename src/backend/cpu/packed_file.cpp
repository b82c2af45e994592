#include "backend/cpu/packed_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstring>

#include "base/file_pieces.h"
#include "base/json.h"

namespace limner::cpu {
namespace {

constexpr const char* kKeyField = "limner.packed";
constexpr size_t kFileLine = 64;

/// The library compares layouts, but does not say them: every field that its comparison looks at.
std::string layout_text(const dnnl::memory::desc& desc) {
  const dnnl_memory_desc_t& d = desc.data;
  if (d.ndims == 0) return "";
  const auto rank = static_cast<size_t>(d.ndims);
  const dnnl_blocking_desc_t& blocks = d.format_desc.blocking;
  const auto inner = static_cast<size_t>(blocks.inner_nblks);
  return fmt::format(
      "{} {} {} {} {} {} {} {} {} {}", static_cast<int>(d.data_type), static_cast<int>(d.format_kind),
      d.offset0, fmt::join(std::span(d.dims, rank), ","), fmt::join(std::span(d.padded_dims, rank), ","),
      fmt::join(std::span(d.padded_offsets, rank), ","), fmt::join(std::span(blocks.strides, rank), ","),
      fmt::join(std::span(blocks.inner_blks, inner), ","),
      fmt::join(std::span(blocks.inner_idxs, inner), ","), d.extra.flags);
}

/// Floating types are all that sources of weights give.
Shape stored_shape(size_t bytes) { return Shape{static_cast<int64_t>(bytes / sizeof(Bf16))}; }

}  // namespace

std::string packed_name(const WeightRequest& request) {
  constexpr std::array kForms = {"f32", "internal", "packed", "winograd", "filters", "int8"};
  return fmt::format("{} {} {} {}", request.name, request.shape.text(),
                     kForms[static_cast<size_t>(request.form)], layout_text(request.wanted));
}

Result<PackedFile> PackedFile::open(const PackedPlace& place) {
  std::shared_ptr<const SafetensorsFile> file = TRY(open_safetensors(place.path));
  const auto key = file->metadata().find(kKeyField);
  if (key == file->metadata().end() || key->second != place.key)
    return invalid(place.path.string(), "holds weights packed for another model, build or processor",
                   "it may be deleted");
  return PackedFile(std::move(file));
}

const std::byte* PackedFile::find(const WeightRequest& request, size_t bytes) const {
  const std::string name = packed_name(request);
  if (!file_->has(name)) return nullptr;
  const Result<Weight> weight = file_->get(name, stored_shape(bytes));
  if (!weight || reinterpret_cast<uintptr_t>(weight->view.data) % kFileLine != 0) return nullptr;
  return static_cast<const std::byte*>(weight->view.data);
}

Result<void> PackedFile::write(const PackedPlace& place, const std::vector<Entry>& entries) {
  Json header = Json::object();
  header["__metadata__"] = {{kKeyField, place.key}};
  size_t offset = 0;
  std::vector<std::span<const std::byte>> pieces(1);
  for (const Entry& entry : entries) {
    header[entry.name] = {{"dtype", "BF16"},
                          {"shape", {stored_shape(entry.bytes)[0]}},
                          {"data_offsets", {offset, offset + entry.bytes}}};
    offset += entry.bytes;
    pieces.emplace_back(entry.data, entry.bytes);
  }
  std::string text = header.dump();
  uint64_t length = 0;
  text.resize((text.size() + sizeof(length) + kFileLine - 1) / kFileLine * kFileLine - sizeof(length), ' ');
  length = text.size();
  std::vector<std::byte> head(sizeof(length) + text.size());
  std::memcpy(head.data(), &length, sizeof(length));
  std::memcpy(head.data() + sizeof(length), text.data(), text.size());
  pieces.front() = head;
  return write_pieces_atomically(place.path, pieces);
}

}  // namespace limner::cpu
