#include <fmt/format.h>

#include "base/check.h"
#include "base/json.h"
#include "image/codec.h"
#include "image/containers/containers.h"
#include "image/containers/png_encoder.h"
#include "image/containers/unicode.h"
#include "image/libvips/session.h"

namespace limner {
namespace {

Result<void> check_text(std::string_view text, std::string_view field) {
  if (!is_utf8(text)) return invalid(std::string(field), "not UTF-8");
  if (text.find('\0') != text.npos)
    return invalid(std::string(field), "a NUL inside; picture files end a text there");
  return {};
}

Result<void> check_options(const Picture& picture, const EncodeOptions& options) {
  if (options.quality < 1 || options.quality > 100)
    return invalid("quality", fmt::format("{} is not a quality; it may be 1 to 100", options.quality));
  if (options.format == Format::jpeg && picture.channels == 4)
    return invalid("format", "a JPEG cannot hold transparency", "write png, webp or avif");
  TRY(check_text(options.infotext, "infotext"));
  TRY(check_text(options.limner_json, "limner_json"));
  TRY(check_text(options.digital_source_type, "digital_source_type"));
  // Its values are nobody's business here.
  if (!options.limner_json.empty() && !Json::accept(options.limner_json))
    return invalid("limner_json", "not valid JSON");
  return {};
}

ImageRef wrap(const Picture& picture) {
  ImageRef pixels(vips_image_new_from_memory(picture.pixels.data(), picture.pixels.size(), picture.width,
                                             picture.height, picture.channels, VIPS_FORMAT_UCHAR));
  if (!pixels) return nullptr;
  // Without a named colour space, libvips would guess one from the number of channels.
  VipsImage* named = nullptr;
  const VipsInterpretation space = picture.channels == 1 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
  vips_copy(pixels.get(), &named, "interpretation", space, nullptr);
  return ImageRef(named);
}

// Every format but PNG. "strip" keeps libvips from writing EXIF of its own; ours is put in afterwards.
int save(VipsImage* image, const EncodeOptions& options, void** out, size_t* size) {
  const int quality = options.quality;
  switch (options.format) {
    case Format::png:
      break;
    case Format::jpeg:
      return vips_jpegsave_buffer(image, out, size, "Q", quality, "optimize_coding", TRUE, "strip", TRUE,
                                  nullptr);
    case Format::webp:
      return vips_webpsave_buffer(image, out, size, "Q", quality, "strip", TRUE, nullptr);
    case Format::avif:
      return vips_heifsave_buffer(image, out, size, "Q", quality, "compression",
                                  VIPS_FOREIGN_HEIF_COMPRESSION_AV1, "strip", TRUE, nullptr);
  }
  return -1;
}

Result<Bytes> encode_by_libvips(const Picture& picture, const EncodeOptions& options) {
  TRY(start_libvips());
  const ImageRef image = wrap(picture);
  void* bytes = nullptr;
  size_t size = 0;
  if (!image || save(image.get(), options, &bytes, &size) != 0)
    return Error{Code::internal, std::string(format_name(options.format)),
                 fmt::format("the picture could not be encoded: {}", take_libvips_error()), ""};
  const VipsMemory memory(bytes);
  const std::span file(static_cast<const std::byte*>(bytes), size);
  return Bytes(file.begin(), file.end());
}

}  // namespace

Result<std::vector<std::byte>> encode_picture(const Picture& picture, const EncodeOptions& options) {
  LIMNER_CHECK(!picture.empty(), "a picture to encode has pixels");
  TRY(check_options(picture, options));
  Bytes file = TRY(options.format == Format::png ? encode_png(picture) : encode_by_libvips(picture, options));
  const FileMetadata texts{options.infotext, options.limner_json, options.digital_source_type};
  if (texts.empty()) return file;
  return write_container(options.format, file, texts);
}

}  // namespace limner
