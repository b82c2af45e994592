// Not by libvips: it hands rows from thread to thread, which for a small picture takes longer than deflating
// it.

#include "image/containers/png_encoder.h"

#include <libdeflate.h>

#include <algorithm>
#include <memory>

#include "base/check.h"
#include "image/containers/png_chunk.h"

namespace limner {
namespace {

// Of 12: the best that is not much slower than the ones before it.
constexpr int kDeflateLevel = 6;
constexpr uint8_t kBitDepth = 8;
constexpr std::byte kUnfiltered{0};
// A chunk has less than 2 GiB.
constexpr size_t kChunkBytesMax = size_t{1} << 30;

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const { libdeflate_free_compressor(compressor); }
};

// W3C PNG, 11.2.1.
uint8_t colour_type(int channels) {
  switch (channels) {
    case 1:
      return 0;
    case 3:
      return 2;
    default:
      LIMNER_CHECK(channels == 4, "a picture has 1, 3 or 4 channels");
      return 6;
  }
}

Bytes header_of(const Picture& picture) {
  ByteWriter header;
  header.u32_be(static_cast<uint32_t>(picture.width)).u32_be(static_cast<uint32_t>(picture.height));
  header.u8(kBitDepth).u8(colour_type(picture.channels));
  header.u8(0).u8(0).u8(0);  // deflate, the five filters, not interlaced
  return header.take();
}

// Each row behind the number of its filter.
Bytes rows_of(const Picture& picture) {
  const size_t row_bytes = static_cast<size_t>(picture.width) * static_cast<size_t>(picture.channels);
  Bytes rows;
  rows.reserve((row_bytes + 1) * static_cast<size_t>(picture.height));
  const std::span pixels = std::as_bytes(std::span(picture.pixels));
  for (size_t at = 0; at < pixels.size(); at += row_bytes) {
    rows.push_back(kUnfiltered);
    const std::span row = pixels.subspan(at, row_bytes);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  return rows;
}

Result<Bytes> deflated(const Bytes& rows) {
  const std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor(
      libdeflate_alloc_compressor(kDeflateLevel));
  if (!compressor) return Error{Code::exhausted, "memory", "the picture cannot be encoded", ""};
  Bytes stream(libdeflate_zlib_compress_bound(compressor.get(), rows.size()));
  const size_t size =
      libdeflate_zlib_compress(compressor.get(), rows.data(), rows.size(), stream.data(), stream.size());
  LIMNER_CHECK(size > 0, "what is deflated fits into its bound");
  stream.resize(size);
  return stream;
}

}  // namespace

Result<Bytes> encode_png(const Picture& picture) {
  const Bytes stream = TRY(deflated(rows_of(picture)));
  ByteWriter out;
  out.text(kPngSignature);
  write_png_chunk(out, "IHDR", header_of(picture));
  for (std::span<const std::byte> left = stream; !left.empty();) {
    const size_t size = std::min(left.size(), kChunkBytesMax);
    write_png_chunk(out, "IDAT", left.first(size));
    left = left.subspan(size);
  }
  write_png_chunk(out, "IEND", {});
  return out.take();
}

}  // namespace limner
