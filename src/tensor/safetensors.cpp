#include "tensor/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "tensor/int8_weight.h"
#include "tensor/weight_errors.h"

namespace limner {
namespace {

constexpr uint64_t kLengthBytes = 8;
// The reference implementation's limit.
constexpr uint64_t kHeaderBytesMax = 100'000'000;

bool is_floating(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16 || dtype == DType::f64;
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// What else people hand over under the name of a model, by its first bytes. A true safetensors file has a
// brace at 8.
Result<void> refuse_other_formats(std::string_view text, const std::string& field) {
  if (text.size() > kLengthBytes && text[kLengthBytes] == '{') return {};
  const auto refuse = [&](const char* what, const char* hint) { return unsupported(field, what, hint); };
  const bool pickle = text.size() > 1 && text[0] == '\x80' && text[1] >= 1 && text[1] <= 5;
  if (pickle || text.starts_with("PK\x03\x04"))
    return refuse("is a PyTorch pickle, which can run code when it is read",
                  "take the .safetensors file of the same model, or convert this one where you trust it: "
                  "safetensors.torch.save_file(torch.load(FILE, weights_only=True), 'model.safetensors')");
  if (text.starts_with("GGUF"))
    return refuse("is a GGUF file", "take the .safetensors file of the same model");
  if (text.starts_with("version https://git-lfs"))
    return refuse("is a Git LFS pointer, not the file itself", "run: git lfs pull");
  if (text.starts_with("<"))
    return refuse("is a web page, not a model", "the download went wrong; fetch the file again");
  return {};
}

Result<uint64_t> header_length(std::string_view text, const std::string& field) {
  if (text.size() < kLengthBytes)
    return invalid(field, fmt::format("{} bytes are too few for a safetensors file", text.size()));
  uint64_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) length |= uint64_t{static_cast<uint8_t>(text[i])} << (8 * i);
  if (length > kHeaderBytesMax)
    return invalid(field,
                   fmt::format("a header of {} bytes; at most {} are read, so this is no safetensors file",
                               length, kHeaderBytesMax));
  if (length > text.size() - kLengthBytes)
    return invalid(field, fmt::format("a header of {} bytes in a file of {}", length, text.size()),
                   "the file is cut off; fetch it again");
  return length;
}

Weight weight_of(const std::byte* data, size_t bytes, DType dtype, const Shape& shape,
                 const std::shared_ptr<const void>& keep) {
  if (reinterpret_cast<uintptr_t>(data) % dtype_bytes(dtype) == 0)
    return Weight{ConstTensorView(dtype, shape, data), keep};
  // Nothing is to be read through a misaligned pointer, and operator new aligns for every type.
  auto copy = std::make_shared<std::vector<std::byte>>(data, data + bytes);
  const void* memory = copy->data();
  return Weight{ConstTensorView(dtype, shape, memory), std::move(copy)};
}

}  // namespace

Result<std::shared_ptr<SafetensorsFile>> SafetensorsFile::parse(std::filesystem::path path,
                                                                std::span<const std::byte> bytes) {
  const std::string field = path.string();
  const std::string_view text = text_of(bytes);
  TRY(refuse_other_formats(text, field));
  const uint64_t length = TRY(header_length(text, field));
  std::shared_ptr<SafetensorsFile> file(new SafetensorsFile);
  file->data_ = bytes.subspan(kLengthBytes + length);
  file->header_ = TRY(parse_safetensors_header(text.substr(kLengthBytes, length), file->data_.size(), field));
  file->path_ = std::move(path);
  return file;
}

Result<std::shared_ptr<const SafetensorsFile>> SafetensorsFile::from_bytes(std::filesystem::path path,
                                                                           std::string bytes) {
  auto owned = std::make_shared<const std::string>(std::move(bytes));
  std::shared_ptr<SafetensorsFile> file = TRY(parse(std::move(path), std::as_bytes(std::span(*owned))));
  file->keep_ = std::move(owned);
  return std::shared_ptr<const SafetensorsFile>(std::move(file));
}

Result<std::shared_ptr<const SafetensorsFile>> SafetensorsFile::from_mapped(
    std::filesystem::path path, std::shared_ptr<const MappedFile> mapped) {
  std::shared_ptr<SafetensorsFile> file = TRY(parse(std::move(path), mapped->bytes()));
  file->keep_ = mapped;
  file->mapped_ = std::move(mapped);
  return std::shared_ptr<const SafetensorsFile>(std::move(file));
}

const SafetensorsEntry* SafetensorsFile::find(std::string_view name) const {
  const auto found = std::ranges::lower_bound(
      header_.entries, name, {}, [](const SafetensorsEntry& entry) { return std::string_view(entry.name); });
  return found != header_.entries.end() && found->name == name ? &*found : nullptr;
}

bool SafetensorsFile::has(std::string_view name) const { return find(name) != nullptr; }

Result<Weight> SafetensorsFile::get(std::string_view name, const Shape& expected) const {
  const SafetensorsEntry* entry = find(name);
  if (!entry) return missing_weight(path_.string(), name);
  if (!same_but_trailing_ones(entry->shape, expected))
    return wrong_weight_shape(path_.string(), name, entry->shape, expected);
  if (const SafetensorsEntry* scales = scales_of(*entry)) return dequantized(*entry, *scales, expected);
  if (!entry->dtype || !is_floating(*entry->dtype))
    return wrong_weight_type(path_.string(), name, entry->dtype_text);
  return weight_of(data_.data() + entry->begin, entry->end - entry->begin, *entry->dtype, expected, keep_);
}

Result<Shape> SafetensorsFile::shape_of(std::string_view name) const {
  const SafetensorsEntry* entry = find(name);
  if (!entry) return missing_weight(path_.string(), name);
  return entry->shape;
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> names;
  names.reserve(header_.entries.size());
  for (const SafetensorsEntry& entry : header_.entries)
    if (!are_scales(entry.name)) names.push_back(entry.name);
  return names;
}

const SafetensorsEntry* SafetensorsFile::scales_of(const SafetensorsEntry& codes) const {
  return codes.dtype == DType::i8 ? find(codes.name + std::string(kScaleSuffix)) : nullptr;
}

bool SafetensorsFile::are_scales(std::string_view name) const {
  return name.ends_with(kScaleSuffix) && is_int8(name.substr(0, name.size() - kScaleSuffix.size()));
}

bool SafetensorsFile::is_int8(std::string_view name) const {
  const SafetensorsEntry* entry = find(name);
  return entry != nullptr && scales_of(*entry) != nullptr;
}

Result<Weight> SafetensorsFile::dequantized(const SafetensorsEntry& codes, const SafetensorsEntry& scales,
                                            const Shape& expected) const {
  const std::string field = fmt::format("{}: {}", path_.string(), scales.name);
  if (scales.dtype != DType::f32 || codes.shape.rank() < 2 || scales.shape != Shape{codes.shape[0]} ||
      codes.shape.count() == 0)
    return invalid(field, fmt::format("{} {} are no scales for {} codes; expected F32, one for each output",
                                      scales.dtype_text, scales.shape.text(), codes.shape.text()));
  std::vector<float> worth(static_cast<size_t>(scales.shape.count()));
  std::memcpy(worth.data(), data_.data() + scales.begin, worth.size() * sizeof(float));
  const auto* first = reinterpret_cast<const int8_t*>(data_.data() + codes.begin);
  auto values = std::make_shared<std::vector<float>>(
      TRY(dequantize_rows({first, static_cast<size_t>(codes.shape.count())}, worth, field)));
  const void* memory = values->data();
  return Weight{ConstTensorView(DType::f32, expected, memory), std::move(values)};
}

void SafetensorsFile::release_pages() const {
  if (mapped_) mapped_->release_pages();
}

Result<std::shared_ptr<const SafetensorsFile>> open_safetensors(const std::filesystem::path& path) {
  return SafetensorsFile::from_mapped(path, TRY(MappedFile::open(path)));
}

}  // namespace limner
