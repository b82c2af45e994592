// PNG: the store is a chunk caBX before the pixels (C2PA 2.4, A.3.2).

#include <array>

#include "provenance/byte_cursor.h"
#include "provenance/carrier/carrier.h"

namespace limner {
namespace {

constexpr size_t kPngSignatureBytes = 8, kChunkOverhead = 12;
constexpr std::string_view kStoreChunk = "caBX";

// CRC-32 of W3C PNG, annex D.
uint32_t crc32(std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> kTable = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t n = 0; n < 256; ++n) {
      uint32_t c = n;
      for (int bit = 0; bit < 8; ++bit) c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
      table[n] = c;
    }
    return table;
  }();
  uint32_t c = 0xFFFFFFFFu;
  for (const char byte : bytes) c = kTable[(c ^ static_cast<unsigned char>(byte)) & 0xFF] ^ c >> 8;
  return c ^ 0xFFFFFFFFu;
}

struct Chunk {
  std::string_view type, data;
  size_t start = 0;
};

Result<Chunk> next_chunk(ByteCursor& in) {
  Chunk chunk;
  chunk.start = in.at();
  const uint32_t size = in.big_endian(4);
  chunk.type = in.take(4);
  chunk.data = in.take(size);
  in.take(4);
  if (in.failed()) return invalid("", "a PNG chunk runs past the end of the file");
  return chunk;
}

}  // namespace

Result<CarriedStore> find_png_store(std::string_view file) {
  CarriedStore found;
  ByteCursor in(file);
  in.take(kPngSignatureBytes);
  while (in.left() > 0) {
    const Chunk chunk = TRY(next_chunk(in));
    if (chunk.type == "IEND") break;
    if (chunk.type != kStoreChunk) continue;
    if (!found.store.empty()) return invalid("", "the PNG has two C2PA manifest stores");
    if (chunk.data.empty() || chunk.data.size() > kStoreBytesMax)
      return invalid("", "the PNG's C2PA manifest store is empty or too large");
    found = {std::string(chunk.data), chunk.start, chunk.data.size() + kChunkOverhead};
  }
  return found;
}

Result<CarryingFile> carry_png_store(std::string_view file, std::string_view store) {
  ByteCursor in(file);
  in.take(kPngSignatureBytes);
  size_t before_pixels = 0;
  while (before_pixels == 0) {
    const Chunk chunk = TRY(next_chunk(in));
    if (chunk.type == "IDAT") before_pixels = chunk.start;
  }
  std::string body(kStoreChunk);
  body += store;
  CarryingFile out{std::string(file.substr(0, before_pixels)), before_pixels, store.size() + kChunkOverhead};
  put_big_endian(out.file, static_cast<uint32_t>(store.size()), 4);
  out.file += body;
  put_big_endian(out.file, crc32(body), 4);
  out.file += file.substr(before_pixels);
  return out;
}

}  // namespace limner
