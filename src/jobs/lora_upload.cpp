#include "jobs/lora_upload.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/json.h"
#include "jobs/plain_text.h"

namespace limner {
namespace {

constexpr size_t kLengthBytes = 8;
// A LoRA of SDXL has some 3000 tensors of about 100 bytes each; trainers add up to a few MiB of their own
// notes.
constexpr JsonLimits kHeaderLimits{.bytes_max = 16u << 20, .depth_max = 4};

uint64_t little_endian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

bool names_a_part(std::string_view tensor) {
  constexpr std::array<std::string_view, 4> kWithin = {"lora_", "lora.", "hada_", "lokr_"};
  constexpr std::array<std::string_view, 3> kAtTheEnd = {".alpha", ".diff", ".diff_b"};
  return std::ranges::any_of(kWithin, [&](auto part) { return tensor.find(part) != tensor.npos; }) ||
         std::ranges::any_of(kAtTheEnd, [&](auto part) { return tensor.ends_with(part); });
}

bool lies_within(const Json& tensor, uint64_t data_bytes) {
  if (!tensor.is_object()) return false;
  const auto offsets = tensor.find("data_offsets");
  if (offsets == tensor.end() || !offsets->is_array() || offsets->size() != 2) return false;
  const Json &begin = (*offsets)[0], &end = (*offsets)[1];
  return begin.is_number_unsigned() && end.is_number_unsigned() &&
         begin.get<uint64_t>() <= end.get<uint64_t>() && end.get<uint64_t>() <= data_bytes;
}

}  // namespace

Result<void> check_lora_bytes(std::string_view bytes, std::string_view field_view) {
  const std::string field(field_view);
  const Error no_safetensors =
      invalid(field, "is not a safetensors file", "LoRAs are read from .safetensors");
  if (bytes.size() < kLengthBytes) return no_safetensors;
  const uint64_t header_bytes = little_endian(bytes.substr(0, kLengthBytes));
  bytes.remove_prefix(kLengthBytes);
  if (header_bytes > bytes.size() || header_bytes > kHeaderLimits.bytes_max) return no_safetensors;
  const Result<Json> header = parse_json(bytes.substr(0, header_bytes), field, kHeaderLimits);
  if (!header || !header->is_object()) return no_safetensors;
  bool is_lora = false;
  for (const auto& [name, tensor] : header->items()) {
    if (name == "__metadata__") continue;
    if (!lies_within(tensor, bytes.size() - header_bytes))
      return invalid(field, fmt::format("tensor {} does not lie within the file", shown(name)),
                     "the file is damaged or cut short; send it again");
    is_lora |= names_a_part(name);
  }
  if (!is_lora) return invalid(field, "has no tensor that is named as parts of a LoRA are");
  return {};
}

}  // namespace limner
