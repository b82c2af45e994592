#include "image/format.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <string>

#include "image/containers/byte_reader.h"

namespace limner {
namespace {

constexpr std::string_view kAllowed = "png, jpeg, webp and avif are known";

struct FormatWords {
  Format format;
  std::string_view name, extension, media_type;
};

constexpr std::array kFormats = {
    FormatWords{Format::png, "png", ".png", "image/png"},
    FormatWords{Format::jpeg, "jpeg", ".jpg", "image/jpeg"},
    FormatWords{Format::webp, "webp", ".webp", "image/webp"},
    FormatWords{Format::avif, "avif", ".avif", "image/avif"},
};

const FormatWords& words(Format format) { return kFormats[static_cast<size_t>(format)]; }

std::string lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

// ISO/IEC 14496-12, 4.3: size, 'ftyp', major brand, minor version, compatible brands up to the box's end.
bool is_avif(std::span<const std::byte> file) {
  ByteReader box(file);
  const uint32_t size = box.u32_be();
  if (!box.next_is("ftyp") || size < 16 || size > file.size()) return false;
  ByteReader brands(file.subspan(8, size - 8));
  while (brands.left() >= 4) {
    const std::string_view brand = brands.text(4);
    if (brand == "avif" || brand == "avis") return true;
  }
  return false;
}

}  // namespace

std::string_view format_name(Format format) { return words(format).name; }
std::string_view format_extension(Format format) { return words(format).extension; }
std::string_view format_media_type(Format format) { return words(format).media_type; }

Result<Format> format_from_name(std::string_view name, std::string_view field) {
  const std::string lower = lower_ascii(name);
  if (lower == "jpg") return Format::jpeg;
  for (const FormatWords& known : kFormats)
    if (lower == known.name) return known.format;
  return unsupported(std::string(field),
                     fmt::format("\"{}\" is not a picture format; {}", name.substr(0, 40), kAllowed));
}

Result<Format> format_from_extension(std::string_view path, std::string_view field) {
  const size_t slash = path.find_last_of('/');
  const std::string_view file = slash == path.npos ? path : path.substr(slash + 1);
  const size_t dot = file.find_last_of('.');
  if (dot == file.npos)
    return unsupported(std::string(field),
                       fmt::format("\"{}\" has no ending that names a format; {}", file, kAllowed));
  return format_from_name(file.substr(dot + 1), field);
}

Result<Format> sniff_format(std::span<const std::byte> file, std::string_view field) {
  const ByteReader start(file);
  if (start.next_is("\x89PNG\r\n\x1a\n")) return Format::png;
  if (start.next_is("\xff\xd8\xff")) return Format::jpeg;
  if (start.next_is("RIFF") && file.size() >= 12 && ByteReader(file.subspan(8)).next_is("WEBP"))
    return Format::webp;
  if (is_avif(file)) return Format::avif;
  return unsupported(std::string(field), fmt::format("not a picture we read; {}", kAllowed));
}

}  // namespace limner
