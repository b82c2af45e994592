// JPEG: EXIF and XMP are APP1 segments before the picture (ITU-T T.81, B.1.1; EXIF 2.32, 4.7; XMP part
// 3, 1.1.3).

#include <fmt/format.h>

#include "image/containers/containers.h"
#include "image/containers/exif_comment.h"
#include "image/containers/xmp_packet.h"

namespace limner {
namespace {

using namespace std::string_view_literals;

constexpr uint8_t kStartOfScan = 0xDA, kEndOfImage = 0xD9, kApp1 = 0xE1;
constexpr std::string_view kExifTag = "Exif\0\0"sv, kXmpTag = "http://ns.adobe.com/xap/1.0/\0"sv;
constexpr size_t kSegmentBytesMax = 65535 - 2;  // The length counts its own two bytes.

// TEM and RSTn stand alone; every other marker before the scan has a length.
bool stands_alone(uint8_t marker) { return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7); }

Result<void> write_app1(ByteWriter& out, std::string_view tag, std::span<const std::byte> data) {
  const size_t size = tag.size() + data.size();
  if (size > kSegmentBytesMax)
    return Error{Code::too_large, "",
                 fmt::format("{} bytes of metadata; a JPEG segment holds {}", size, kSegmentBytesMax),
                 "write a PNG, or shorten the prompt"};
  out.u8(0xFF).u8(kApp1).u16_be(static_cast<uint16_t>(size + 2)).text(tag).bytes(data);
  return {};
}

}  // namespace

Result<FileMetadata> read_jpeg(std::span<const std::byte> file) {
  FileMetadata texts;
  ByteReader in(file);
  in.skip(2);
  while (true) {
    if (in.u8() != 0xFF) return invalid("", "a JPEG marker is missing");
    uint8_t marker = in.u8();
    while (marker == 0xFF && !in.failed()) marker = in.u8();  // fill bytes
    if (marker == kStartOfScan || marker == kEndOfImage) return texts;
    if (stands_alone(marker)) continue;
    const uint16_t size = in.u16_be();
    if (size < 2) return invalid("", "a JPEG segment has no length");
    const std::span<const std::byte> data = in.take(size - 2);
    if (in.failed()) return invalid("", "a JPEG segment runs past the end of the file");
    if (marker != kApp1) continue;
    if (ByteReader(data).next_is(kExifTag) && texts.infotext.empty())
      texts.infotext = read_exif_comment(data);
    if (ByteReader(data).next_is(kXmpTag) && !texts.in_xmp()) {
      texts.limner_json = read_xmp_packet(as_text(data));
      texts.digital_source_type = read_xmp_source_type(as_text(data));
    }
  }
}

Result<Bytes> write_jpeg(std::span<const std::byte> file, const FileMetadata& texts) {
  if (file.size() < 2) return invalid("", "a JPEG without a start");
  ByteWriter out;
  out.bytes(file.first(2));
  if (!texts.infotext.empty()) TRY(write_app1(out, kExifTag, write_exif_comment(texts.infotext)));
  if (texts.in_xmp())
    TRY(write_app1(out, kXmpTag, as_bytes(write_xmp_packet(texts.limner_json, texts.digital_source_type))));
  out.bytes(file.subspan(2));
  return out.take();
}

}  // namespace limner
