#include "backend/cpu/weight_store.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "backend/finite_weight.h"
#include "base/check.h"

namespace limner::cpu {
namespace {

constexpr size_t kChunkBytes = size_t{64} << 20;

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

}  // namespace

Result<std::byte*> Hoard::take(size_t bytes) {
  bytes = (bytes + 63) / 64 * 64;
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
  return hoard_.bytes();
}

DType WeightStore::form_type(WeightRequest::Form form) const {
  return form == WeightRequest::Form::f32 ? DType::f32 : type_;
}

Result<std::vector<const void*>> WeightStore::resolve(const std::vector<WeightRequest>& requests) {
  const std::lock_guard lock(mutex_);
  const size_t before = hoard_.bytes();
  std::vector<const void*> addresses;
  addresses.reserve(requests.size());
  for (const WeightRequest& request : requests) addresses.push_back(TRY(resolve_one(request)));
  staging_.reset();
  staging_bytes_ = 0;
  if (hoard_.bytes() != before) source_.release_pages();
  return addresses;
}

Result<const void*> WeightStore::resolve_one(const WeightRequest& request) {
  const auto [begin, end] = entries_.equal_range(request.name);
  for (auto found = begin; found != end; ++found) {
    const Entry& entry = found->second;
    const bool same =
        entry.form == request.form && entry.shape == request.shape && entry.layout == request.wanted;
    if (same) return static_cast<const void*>(entry.data);
  }
  const std::byte* data = TRY(make(request));
  entries_.emplace(request.name, Entry{request.form, request.shape, request.wanted, data});
  return static_cast<const void*>(data);
}

Result<std::byte*> WeightStore::make(const WeightRequest& request) {
  const Weight weight = TRY(get_finite(source_, request.name, request.shape));
  if (request.form == WeightRequest::Form::packed) return pack(request, weight.view);
  const DType type = form_type(request.form);
  const auto count = static_cast<size_t>(request.shape.count());
  std::byte* data = TRY(hoard_.take(count * dtype_bytes(type)));
  convert_all(weight.view.dtype, weight.view.data, count, type, data);
  return data;
}

std::byte* WeightStore::stage(size_t bytes) {
  if (bytes > staging_bytes_) {
    staging_ = std::make_unique_for_overwrite<std::byte[]>(bytes);
    staging_bytes_ = bytes;
  }
  return staging_.get();
}

Result<std::byte*> WeightStore::pack(const WeightRequest& request, const ConstTensorView& view) {
  const void* values = view.data;
  const bool is_aligned = reinterpret_cast<uintptr_t>(view.data) % dtype_bytes(type_) == 0;
  if (view.dtype != type_ || !is_aligned) {
    const auto count = static_cast<size_t>(request.shape.count());
    values = stage(count * dtype_bytes(type_));
    convert_all(view.dtype, view.data, count, type_, staging_.get());
  }
  std::byte* data = TRY(hoard_.take(request.wanted.get_size()));
  dnnl::memory from(request.stored, tools_.engine, const_cast<void*>(values));
  dnnl::memory to(request.wanted, tools_.engine, data);
  dnnl::stream stream(tools_.engine);
  dnnl::reorder(from, to).execute(stream, from, to);
  stream.wait();
  return data;
}

}  // namespace limner::cpu
