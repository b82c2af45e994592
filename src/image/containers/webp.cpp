// WebP: RIFF chunks; a file with metadata needs the VP8X header in front (RFC 9649, 2.7).

#include "image/containers/containers.h"
#include "image/containers/exif_comment.h"
#include "image/containers/xmp_packet.h"

namespace limner {
namespace {

constexpr size_t kRiffHeader = 12;
constexpr uint8_t kFlagAlpha = 0x10, kFlagExif = 0x08, kFlagXmp = 0x04;

struct Chunk {
  std::string_view type;
  std::span<const std::byte> data;
};

Result<Chunk> next_chunk(ByteReader& in) {
  const std::string_view type = in.text(4);
  const uint32_t size = in.u32_le();
  const std::span<const std::byte> data = in.take(size);
  if (in.failed()) return invalid("", "a WebP chunk runs past the end of the file");
  if (size % 2 && in.left() > 0) in.skip(1);
  return Chunk{type, data};
}

void write_riff_chunk(ByteWriter& out, std::string_view type, std::span<const std::byte> data) {
  out.text(type).u32_le(static_cast<uint32_t>(data.size())).bytes(data);
  if (data.size() % 2) out.u8(0);
}

// A VP8X header for a file that begins with `first`, a plain lossy or lossless frame, or has a VP8X already.
Result<Bytes> extended_header(const Chunk& first, uint8_t flags) {
  ByteReader in(first.data);
  if (first.type == "VP8X" && first.data.size() == 10) {
    Bytes header(first.data.begin(), first.data.end());
    header[0] &= ~std::byte{kFlagExif | kFlagXmp};
    header[0] |= std::byte{flags};
    return header;
  }
  uint32_t width = 0, height = 0;
  if (first.type == "VP8 ") {
    in.skip(6);  // frame tag and start code; RFC 6386, 9.1
    width = in.u16_le() & 0x3FFF;
    height = in.u16_le() & 0x3FFF;
  } else if (first.type == "VP8L") {
    in.skip(1);
    const uint32_t bits = in.u32_le();
    width = (bits & 0x3FFF) + 1;
    height = (bits >> 14 & 0x3FFF) + 1;
    if (bits >> 28 & 1) flags |= kFlagAlpha;
  }
  if (in.failed() || width == 0 || height == 0) return invalid("", "a WebP without a frame");
  ByteWriter out;
  out.u32_le(flags);
  for (const uint32_t side : {width - 1, height - 1})  // 24 bits, little-endian
    out.u8(static_cast<uint8_t>(side))
        .u8(static_cast<uint8_t>(side >> 8))
        .u8(static_cast<uint8_t>(side >> 16));
  return out.take();
}

}  // namespace

Result<FileMetadata> read_webp(std::span<const std::byte> file) {
  FileMetadata texts;
  ByteReader in(file);
  in.skip(kRiffHeader);
  while (in.left() > 0) {
    const Chunk chunk = TRY(next_chunk(in));
    if (chunk.type == "EXIF") texts.infotext = read_exif_comment(chunk.data);
    if (chunk.type == "XMP ") {
      texts.limner_json = read_xmp_packet(as_text(chunk.data));
      texts.digital_source_type = read_xmp_source_type(as_text(chunk.data));
    }
  }
  return texts;
}

Result<Bytes> write_webp(std::span<const std::byte> file, const FileMetadata& texts) {
  ByteReader in(file);
  in.skip(kRiffHeader);
  const Chunk first = TRY(next_chunk(in));
  const uint8_t flags = (texts.infotext.empty() ? 0 : kFlagExif) | (texts.in_xmp() ? kFlagXmp : 0);
  ByteWriter body;
  body.text("WEBP");
  write_riff_chunk(body, "VP8X", TRY(extended_header(first, flags)));
  if (first.type != "VP8X") write_riff_chunk(body, first.type, first.data);
  while (in.left() > 0) {
    const Chunk chunk = TRY(next_chunk(in));
    // libvips adds an EXIF chunk with a resolution nobody gave, even when asked not to.
    if (chunk.type != "EXIF" && chunk.type != "XMP ") write_riff_chunk(body, chunk.type, chunk.data);
  }
  if (!texts.infotext.empty()) write_riff_chunk(body, "EXIF", write_exif_comment(texts.infotext));
  if (texts.in_xmp())
    write_riff_chunk(body, "XMP ", as_bytes(write_xmp_packet(texts.limner_json, texts.digital_source_type)));
  ByteWriter out;
  write_riff_chunk(out, "RIFF", body.view());
  return out.take();
}

}  // namespace limner
