#include "image/containers/png_chunk.h"

#include <libdeflate.h>

namespace limner {

void write_png_chunk(ByteWriter& out, std::string_view type, std::span<const std::byte> data) {
  uint32_t crc = libdeflate_crc32(0, type.data(), type.size());
  // For no bytes at all it would begin anew.
  if (!data.empty()) crc = libdeflate_crc32(crc, data.data(), data.size());
  out.u32_be(static_cast<uint32_t>(data.size())).text(type).bytes(data).u32_be(crc);
}

}  // namespace limner
