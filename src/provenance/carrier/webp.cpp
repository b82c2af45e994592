// WebP: the store is the last chunk of the RIFF file, C2PA (C2PA 2.4, A.3.4).

#include "provenance/byte_cursor.h"
#include "provenance/carrier/carrier.h"

namespace limner {
namespace {

constexpr size_t kRiffHeader = 12, kChunkHeader = 8;
constexpr std::string_view kRiffStoreChunk = "C2PA";

void put_little_endian(std::string& out, uint32_t value) { put_big_endian(out, __builtin_bswap32(value), 4); }

}  // namespace

Result<CarriedStore> find_webp_store(std::string_view file) {
  CarriedStore found;
  ByteCursor in(file);
  in.take(kRiffHeader);
  while (in.left() > 0) {
    const size_t start = in.at();
    const std::string_view type = in.take(4);
    const uint32_t size = in.u32_little_endian();
    const std::string_view data = in.take(size);
    if (in.failed()) return invalid("", "a WebP chunk runs past the end of the file");
    if (size % 2 && in.left() > 0) in.take(1);
    if (type != kRiffStoreChunk) continue;
    if (!found.store.empty()) return invalid("", "the WebP has two C2PA manifest stores");
    if (data.empty() || data.size() > kStoreBytesMax)
      return invalid("", "the WebP's C2PA manifest store is empty or too large");
    // The byte that fills up an odd chunk is not of the chunk: the reference hashes it.
    found = {std::string(data), start, kChunkHeader + data.size()};
  }
  return found;
}

Result<CarryingFile> carry_webp_store(std::string_view file, std::string_view store) {
  if (file.size() < kRiffHeader) return invalid("", "a WebP without a header");
  CarryingFile out{std::string(file), file.size() + file.size() % 2, kChunkHeader + store.size()};
  if (file.size() % 2) out.file += '\0';
  out.file += kRiffStoreChunk;
  put_little_endian(out.file, static_cast<uint32_t>(store.size()));
  out.file += store;
  std::string size;
  put_little_endian(size, static_cast<uint32_t>(out.file.size() - 8));
  out.file.replace(4, 4, size);
  return out;
}

}  // namespace limner
