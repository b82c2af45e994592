#include "image/containers/exif_comment.h"

#include <cstdint>
#include <optional>

#include "image/containers/byte_reader.h"
#include "image/containers/unicode.h"

namespace limner {
namespace {

using namespace std::string_view_literals;

// EXIF 2.32, 4.6: tags, field types and the 8-byte character code before a UserComment.
constexpr uint16_t kExifIfd = 0x8769, kUserComment = 0x9286;
constexpr uint16_t kTypeLong = 4, kTypeUndefined = 7;
constexpr std::string_view kUnicode = "UNICODE\0"sv, kAscii = "ASCII\0\0\0"sv, kNone = "\0\0\0\0\0\0\0\0"sv;

struct Tiff {
  std::span<const std::byte> bytes;
  bool big_endian;

  uint16_t u16(ByteReader& in) const { return big_endian ? in.u16_be() : in.u16_le(); }
  uint32_t u32(ByteReader& in) const { return big_endian ? in.u32_be() : in.u32_le(); }
};

struct Entry {
  uint32_t count, value;  // value: the offset of the data, or the data itself if it fits
};

// Looks a tag up in the directory at `offset`.
std::optional<Entry> find_entry(const Tiff& tiff, size_t offset, uint16_t wanted) {
  if (offset >= tiff.bytes.size()) return std::nullopt;
  ByteReader in(tiff.bytes.subspan(offset));
  for (int left = tiff.u16(in); left > 0 && !in.failed(); --left) {
    const uint16_t tag = tiff.u16(in);
    in.skip(2);  // The type: both tags we follow have only one in practice.
    const Entry entry{tiff.u32(in), tiff.u32(in)};
    if (tag == wanted && !in.failed()) return entry;
  }
  return std::nullopt;
}

// A1111 writes big-endian text whatever the TIFF header says, others follow the header. Infotexts are full of
// ASCII, whose zero byte comes first in big-endian text.
bool looks_big_endian(std::span<const std::byte> utf16) {
  size_t zeros[2] = {0, 0};
  for (size_t i = 0; i < utf16.size(); ++i) zeros[i % 2] += utf16[i] == std::byte{0};
  return zeros[0] >= zeros[1];
}

std::string decode_comment(std::span<const std::byte> comment, bool big_endian_header) {
  ByteReader in(comment);
  const std::string_view code = in.text(8);
  const std::span<const std::byte> text = in.take(in.left());
  if (code == kUnicode) return utf8_from_utf16(text, big_endian_header || looks_big_endian(text));
  if (code != kAscii && code != kNone) return {};
  std::string plain(as_text(text));
  plain.resize(plain.find_last_not_of('\0') + 1);
  return is_utf8(plain) ? plain : utf8_from_latin1(plain);
}

}  // namespace

std::vector<std::byte> write_exif_comment(std::string_view text) {
  std::vector<std::byte> utf16 = utf16_be_from_utf8(text);
  // A text that itself begins with a byte order mark gets one more, for readers eat the first.
  const ByteReader start(utf16);
  const bool marked = start.next_is("\xFE\xFF") || start.next_is("\xFF\xFE");
  const auto count = static_cast<uint32_t>(kUnicode.size() + utf16.size() + (marked ? 2 : 0));

  constexpr uint32_t kIfd0 = 8, kIfdBytes = 2 + 12 + 4;  // one entry each
  constexpr uint32_t kExif = kIfd0 + kIfdBytes, kComment = kExif + kIfdBytes;
  ByteWriter out;
  out.text("MM").u16_be(42).u32_be(kIfd0);
  out.u16_be(1).u16_be(kExifIfd).u16_be(kTypeLong).u32_be(1).u32_be(kExif).u32_be(0);
  out.u16_be(1).u16_be(kUserComment).u16_be(kTypeUndefined).u32_be(count).u32_be(kComment).u32_be(0);
  out.text(kUnicode);
  if (marked) out.u16_be(0xFEFF);
  out.bytes(utf16);
  return out.take();
}

std::string read_exif_comment(std::span<const std::byte> block) {
  if (ByteReader(block).next_is("Exif\0\0"sv)) block = block.subspan(6);
  ByteReader in(block);
  const bool big_endian = in.next_is("MM");
  if (!big_endian && !in.next_is("II")) return {};
  in.skip(4);
  const Tiff tiff{block, big_endian};
  const uint32_t ifd0 = tiff.u32(in);
  const std::optional<Entry> exif = find_entry(tiff, ifd0, kExifIfd);
  if (!exif) return {};
  const std::optional<Entry> comment = find_entry(tiff, exif->value, kUserComment);
  // Comments of up to 4 bytes would lie in the entry itself; they have no room for a character code.
  if (!comment || comment->count <= 8 || comment->value > block.size() ||
      comment->count > block.size() - comment->value)
    return {};
  return decode_comment(block.subspan(comment->value, comment->count), big_endian);
}

}  // namespace limner
