#include <fmt/format.h>

#include "base/files.h"
#include "image/codec.h"
#include "image/containers/containers.h"
#include "image/libvips/session.h"

namespace limner {
namespace {

Error damaged(std::string_view field) {
  return invalid(std::string(field),
                 fmt::format("the picture is damaged or cut short: {}", take_libvips_error()));
}

// Reads the header only: libvips decodes pixels when they are asked for.
ImageRef open_header(Format format, std::span<const std::byte> file) {
  auto* bytes = const_cast<std::byte*>(file.data());  // NOLINT: libvips takes void* and does not write
  VipsImage* image = nullptr;
  const auto load = [&](auto loader) {
    loader(bytes, file.size(), &image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR,
           nullptr);
  };
  switch (format) {
    case Format::png:
      load(vips_pngload_buffer);
      break;
    case Format::jpeg:
      load(vips_jpegload_buffer);
      break;
    case Format::webp:
      load(vips_webpload_buffer);
      break;
    case Format::avif:
      load(vips_heifload_buffer);
      break;
  }
  return ImageRef(image);
}

Result<void> check_size(const VipsImage* image, std::string_view field, const DecodeLimits& limits) {
  const int64_t width = image->Xsize, height = image->Ysize;
  if (width * height <= limits.pixels_max) return {};
  return Error{Code::too_large, std::string(field),
               fmt::format("{}x{} pixels; at most {} pixels are read", width, height, limits.pixels_max),
               "make the picture smaller"};
}

// Replaces `image` by what `operation` makes of it; an empty reference means it failed.
template <class Operation>
void apply(ImageRef& image, Operation operation) {
  if (!image) return;
  VipsImage* out = nullptr;
  image.reset(operation(image.get(), &out) == 0 ? out : (image.reset(), nullptr));
}

// To 8-bit sRGB by the file's own colour profile, or by the colour space it names if the profile is missing
// or unusable.
int to_srgb(VipsImage* in, VipsImage** out) {
  if (vips_image_get_typeof(in, VIPS_META_ICC_NAME) != 0) {
    if (vips_icc_transform(in, out, "srgb", "embedded", TRUE, "depth", 8, nullptr) == 0) return 0;
    vips_error_clear();
  }
  return vips_colourspace(in, out, VIPS_INTERPRETATION_sRGB, nullptr);
}

Result<Picture> copy_pixels(const ImageRef& image, std::string_view field) {
  if (image->Bands != 3 && image->Bands != 4)
    return unsupported(std::string(field), fmt::format("a picture of {} channels", image->Bands));
  size_t size = 0;
  const VipsMemory memory(vips_image_write_to_memory(image.get(), &size));
  if (!memory) return damaged(field);
  const auto* pixels = static_cast<const uint8_t*>(memory.get());
  return Picture{image->Xsize, image->Ysize, image->Bands, std::vector<uint8_t>(pixels, pixels + size)};
}

}  // namespace

Result<Picture> decode_picture(std::span<const std::byte> file, std::string_view field,
                               const DecodeLimits& limits) {
  TRY(start_libvips());
  if (file.size() > limits.file_bytes_max)
    return Error{Code::too_large, std::string(field),
                 fmt::format("{} bytes; at most {} are read", file.size(), limits.file_bytes_max), ""};
  const Format format = TRY(sniff_format(file, field));
  if (format == Format::png) {
    if (Result<void> chunks = check_png_chunks(file); !chunks)
      return invalid(std::string(field), chunks.error().message);
  }
  ImageRef image = open_header(format, file);
  if (!image) return damaged(field);
  TRY(check_size(image.get(), field, limits));

  // Turning reads the rows in another order than the file has them, so all pixels are decoded here.
  apply(image, [](VipsImage* in, VipsImage** out) { return (*out = vips_image_copy_memory(in)) ? 0 : -1; });
  apply(image, [](VipsImage* in, VipsImage** out) { return vips_autorot(in, out, nullptr); });
  apply(image, to_srgb);
  apply(image, [](VipsImage* in, VipsImage** out) { return vips_cast_uchar(in, out, nullptr); });
  if (!image) return damaged(field);
  return copy_pixels(image, field);
}

Result<Picture> read_picture(const std::string& path, std::string_view field, const DecodeLimits& limits) {
  Result<std::string> file = read_file(path, limits.file_bytes_max);
  if (!file) {
    Error error = std::move(file).error();
    error.message = fmt::format("{}: {}", path, error.message);
    error.field = std::string(field);
    return error;
  }
  return decode_picture(std::as_bytes(std::span(*file)), field, limits);
}

}  // namespace limner
