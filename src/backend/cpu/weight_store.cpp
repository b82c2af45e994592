#include "backend/cpu/weight_store.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "backend/finite_weight.h"
#include "base/check.h"

namespace limner::cpu {
namespace {

constexpr size_t kChunkBytes = size_t{64} << 20;
/// Packed between two releases of the source's pages.
constexpr size_t kReleaseBytes = size_t{32} << 20;
/// What converting one tensor may leave behind for the next.
constexpr size_t kStagingBytes = size_t{64} << 20;

/// Converts in slices side by side: files are read at the speed of memory, not of one core.
void convert_all(DType from, const void* source, size_t count, DType to, void* out) {
  constexpr size_t kSlice = size_t{1} << 18;
  const auto slices = static_cast<int64_t>((count + kSlice - 1) / kSlice);
#pragma omp parallel for schedule(static)
  for (int64_t slice = 0; slice < slices; ++slice) {
    const size_t begin = static_cast<size_t>(slice) * kSlice;
    const size_t length = std::min(kSlice, count - begin);
    const auto* in = static_cast<const std::byte*>(source) + begin * dtype_bytes(from);
    if (to == DType::bf16) {
      convert_to_bf16(from, in, length, static_cast<Bf16*>(out) + begin);
    } else {
      convert_to_f32(from, in, length, static_cast<float*>(out) + begin);
    }
  }
}

constexpr size_t kLine = 64;

size_t whole_lines(size_t bytes) { return (bytes + kLine - 1) / kLine * kLine; }

size_t bytes_of(const WeightRequest& request, DType type, const Tools& tools) {
  switch (request.form) {
    case WeightRequest::Form::f32:
      return static_cast<size_t>(request.shape.count()) * dtype_bytes(DType::f32);
    case WeightRequest::Form::internal:
      return static_cast<size_t>(request.shape.count()) * dtype_bytes(type);
    case WeightRequest::Form::packed:
      return request.wanted.get_size();
    case WeightRequest::Form::winograd:
      return tools.kernels.winograd->weight_bytes(request.shape[1], request.shape[0]);
    case WeightRequest::Form::filters:
      return tools.kernels.winograd->filter_bytes(request.shape[1], request.shape[0]);
    case WeightRequest::Form::int8:
      return tools.kernels.int8.weight_bytes(request.shape[1], request.shape[0]);
  }
  LIMNER_CHECK(false, "a form that there is");
}

}  // namespace

Result<std::byte*> Hoard::take(size_t bytes) {
  bytes = whole_lines(bytes);
  if (chunks_.empty() || chunks_.back().bytes() - used_in_last_ < bytes) {
    chunks_.push_back(TRY(MappedMemory::map(std::max(bytes, kChunkBytes))));
    used_in_last_ = 0;
  }
  std::byte* data = chunks_.back().data() + used_in_last_;
  used_in_last_ += bytes;
  bytes_ += bytes;
  return data;
}

size_t WeightStore::bytes() const {
  const std::lock_guard lock(mutex_);
  return hoard_.bytes() + attached_bytes_;
}

Result<void> WeightStore::attach(const PackedPlace& place) {
  const std::lock_guard lock(mutex_);
  attached_.emplace(TRY(PackedFile::open(place)));
  return {};
}

Result<void> WeightStore::keep(const PackedPlace& place) const {
  const std::lock_guard lock(mutex_);
  std::vector<PackedFile::Entry> entries;
  for (const auto& [name, entry] : entries_)
    entries.push_back({packed_name(entry.request), entry.data, whole_lines(entry.bytes)});
  return PackedFile::write(place, entries);
}

class WeightStore::Staging {
 public:
  std::byte* reserve(size_t bytes) {
    if (bytes > bytes_) {
      memory_ = std::make_unique_for_overwrite<std::byte[]>(bytes);
      bytes_ = bytes;
    }
    return memory_.get();
  }
  /// Few tensors are larger, and what is packed after them should not have to lie beside it.
  void shrink() {
    if (bytes_ <= kStagingBytes) return;
    memory_.reset();
    bytes_ = 0;
  }

 private:
  std::unique_ptr<std::byte[]> memory_;
  size_t bytes_ = 0;
};

Result<std::vector<const void*>> WeightStore::resolve(const std::vector<WeightRequest>& requests) {
  const std::lock_guard lock(mutex_);
  Staging staging;
  size_t released = hoard_.bytes();
  std::vector<const void*> addresses;
  addresses.reserve(requests.size());
  for (const WeightRequest& request : requests) {
    addresses.push_back(TRY(resolve_one(request, staging)));
    staging.shrink();
    if (hoard_.bytes() - released < kReleaseBytes) continue;
    source_.release_pages();
    released = hoard_.bytes();
  }
  if (hoard_.bytes() != released) source_.release_pages();
  return addresses;
}

Result<const void*> WeightStore::resolve_one(const WeightRequest& request, Staging& staging) {
  const auto [begin, end] = entries_.equal_range(request.name);
  for (auto found = begin; found != end; ++found) {
    const Entry& entry = found->second;
    const bool same = entry.request.form == request.form && entry.request.shape == request.shape &&
                      entry.request.wanted == request.wanted;
    if (same) return static_cast<const void*>(entry.data);
  }
  const size_t bytes = bytes_of(request, type_, tools_);
  const std::byte* data = attached_ ? attached_->find(request, whole_lines(bytes)) : nullptr;
  if (data != nullptr) attached_bytes_ += whole_lines(bytes);
  if (data == nullptr) data = TRY(make(request, staging));
  entries_.emplace(request.name, Entry{request, data, bytes});
  return static_cast<const void*>(data);
}

Result<std::byte*> WeightStore::make(const WeightRequest& request, Staging& staging) {
  const Weight weight = TRY(get_finite(source_, request.name, request.shape));
  if (request.form == WeightRequest::Form::packed) return pack(request, weight.view, staging);
  if (request.form == WeightRequest::Form::winograd || request.form == WeightRequest::Form::filters ||
      request.form == WeightRequest::Form::int8)
    return transform(request, weight.view, staging);
  const DType type = request.form == WeightRequest::Form::f32 ? DType::f32 : type_;
  const auto count = static_cast<size_t>(request.shape.count());
  std::byte* data = TRY(hoard_.take(bytes_of(request, type_, tools_)));
  convert_all(weight.view.dtype, weight.view.data, count, type, data);
  return data;
}

Result<std::byte*> WeightStore::pack(const WeightRequest& request, const ConstTensorView& view,
                                     Staging& staging) {
  const bool is_aligned = reinterpret_cast<uintptr_t>(view.data) % dtype_bytes(type_) == 0;
  void* values = const_cast<void*>(view.data);
  if (view.dtype != type_ || !is_aligned) {
    const auto count = static_cast<size_t>(request.shape.count());
    values = staging.reserve(count * dtype_bytes(type_));
    convert_all(view.dtype, view.data, count, type_, values);
  }
  std::byte* data = TRY(hoard_.take(bytes_of(request, type_, tools_)));
  dnnl::memory from(request.stored, tools_.engine, values);
  dnnl::memory to(request.wanted, tools_.engine, data);
  dnnl::stream stream(tools_.engine);
  dnnl::reorder(from, to).execute(stream, from, to);
  stream.wait();
  return data;
}

/// From f32 whatever the file holds: transformed or scaled first, rounded once.
Result<std::byte*> WeightStore::transform(const WeightRequest& request, const ConstTensorView& view,
                                          Staging& staging) {
  const auto count = static_cast<size_t>(request.shape.count());
  auto* values = reinterpret_cast<float*>(staging.reserve(count * sizeof(float)));
  convert_all(view.dtype, view.data, count, DType::f32, values);
  std::byte* data = TRY(hoard_.take(bytes_of(request, type_, tools_)));
  const auto pack = request.form == WeightRequest::Form::int8      ? tools_.kernels.int8.pack
                    : request.form == WeightRequest::Form::filters ? tools_.kernels.winograd->pack_filters
                                                                   : tools_.kernels.winograd->pack;
  pack(values, request.shape[1], request.shape[0], data);
  return data;
}

}  // namespace limner::cpu
