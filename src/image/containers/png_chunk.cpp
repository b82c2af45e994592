#include "image/containers/png_chunk.h"

#include <libdeflate.h>

namespace limner {

void write_png_chunk(ByteWriter& out, std::string_view type, std::span<const std::byte> data) {
  const uint32_t of_type = libdeflate_crc32(0, type.data(), type.size());
  out.u32_be(static_cast<uint32_t>(data.size())).text(type).bytes(data);
  out.u32_be(libdeflate_crc32(of_type, data.data(), data.size()));
}

}  // namespace limner
