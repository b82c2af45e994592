// PNG: texts are chunks of their own (W3C PNG, 11.3.4): tEXt in Latin-1, iTXt in UTF-8.

#include <algorithm>

#include "image/containers/containers.h"
#include "image/containers/png_chunk.h"
#include "image/containers/unicode.h"
#include "image/containers/xmp_packet.h"

namespace limner {
namespace {

using namespace std::string_view_literals;

constexpr size_t kSignatureBytes = kPngSignature.size();
constexpr size_t kHeaderEnd = kSignatureBytes + 8 + 13 + 4;  // behind IHDR, which must come first
constexpr std::string_view kInfotextKey = "parameters", kJsonKey = "limner";
constexpr std::string_view kXmpKey = "XML:com.adobe.xmp";  // XMP part 3, 1.1.5

// Splits off everything before the next NUL, and the NUL.
std::string_view up_to_nul(std::string_view& text) {
  const size_t nul = text.find('\0');
  const std::string_view head = text.substr(0, nul);
  text.remove_prefix(nul == text.npos ? text.size() : nul + 1);
  return head;
}

void keep_text(FileMetadata& texts, std::string_view key, std::string text) {
  if (key == kInfotextKey) {
    texts.infotext = std::move(text);
  } else if (key == kJsonKey) {
    texts.limner_json = std::move(text);
  } else if (key == kXmpKey) {
    texts.digital_source_type = read_xmp_source_type(text);
  }
}

// Calls visit(type, data) for every chunk before IEND.
template <class Visit>
Result<void> each_chunk(std::span<const std::byte> file, Visit visit) {
  ByteReader in(file);
  in.skip(kSignatureBytes);
  while (in.left() > 0) {
    const uint32_t size = in.u32_be();
    const std::string_view type = in.text(4);
    const std::string_view data = in.text(size);
    in.skip(4);  // The CRC guards pixels; a text with a wrong one is still worth reading.
    if (in.failed()) return invalid("", "a PNG chunk runs past the end of the file");
    if (type == "IEND") break;
    visit(type, data);
  }
  return {};
}

void read_itxt(FileMetadata& texts, std::string_view chunk) {
  const std::string_view key = up_to_nul(chunk);
  const bool compressed = !chunk.empty() && chunk[0] != 0;
  chunk.remove_prefix(std::min<size_t>(2, chunk.size()));  // compression flag and method
  up_to_nul(chunk);                                        // language
  up_to_nul(chunk);                                        // translated key
  if (!compressed && is_utf8(chunk)) keep_text(texts, key, std::string(chunk));
}

// ASCII goes into tEXt, which every reader knows; the rest into iTXt: what Pillow, and so A1111, does.
void write_text(ByteWriter& out, std::string_view key, std::string_view text) {
  if (text.empty()) return;
  const bool ascii =
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) > 0; });
  std::string data(key);
  data += ascii ? "\0"sv : "\0\0\0\0\0"sv;  // iTXt: not compressed, method 0, no language, no translated key
  data += text;
  write_png_chunk(out, ascii ? "tEXt" : "iTXt", as_bytes(data));
}

}  // namespace

Result<FileMetadata> read_png(std::span<const std::byte> file) {
  FileMetadata texts;
  TRY(each_chunk(file, [&](std::string_view type, std::string_view data) {
    if (type == "iTXt") read_itxt(texts, data);
    if (type == "tEXt") {
      const std::string_view key = up_to_nul(data);
      keep_text(texts, key, utf8_from_latin1(data));
    }
  }));
  return texts;
}

Result<void> check_png_chunks(std::span<const std::byte> file) {
  return each_chunk(file, [](std::string_view, std::string_view) {});
}

Result<Bytes> write_png(std::span<const std::byte> file, const FileMetadata& texts) {
  if (file.size() < kHeaderEnd) return invalid("", "a PNG without a header");
  ByteWriter out;
  out.bytes(file.first(kHeaderEnd));
  write_text(out, kInfotextKey, texts.infotext);
  write_text(out, kJsonKey, texts.limner_json);
  if (!texts.digital_source_type.empty())
    write_text(out, kXmpKey, write_xmp_packet("", texts.digital_source_type));
  out.bytes(file.subspan(kHeaderEnd));
  return out.take();
}

}  // namespace limner
