#include "api/a1111/input_pictures.h"

#include <algorithm>

#include "api/inline_pictures.h"
#include "base/crypto.h"
#include "image/codec.h"
#include "image/mask.h"

namespace limner {
namespace {

// base64, with or without a data URL around it.
Result<Picture> decode(Services& services, std::string_view text, const char* field) {
  if (text.starts_with("data:")) text.remove_prefix(std::min(text.size(), text.find(',') + 1));
  const std::string bytes = TRY(from_base64(text, field, services.uploads.limits().picture_bytes_max));
  return decode_picture(as_bytes(bytes), field, services.uploads.limits().decode);
}

Result<std::string> keep(Services& services, const Request& request, const Picture& picture,
                         const char* field) {
  const std::vector<std::byte> file = TRY(encode_picture(picture, {}));
  return keep_picture_bytes(services, request,
                            std::string_view(reinterpret_cast<const char*>(file.data()), file.size()), field);
}

// RGB with what is not to be seen through: colours times alpha, alpha 0 under the mask.
Picture premultiplied(const Picture& picture, const Picture& mask) {
  Picture out{picture.width, picture.height, 4, {}};
  const size_t count = static_cast<size_t>(picture.width) * picture.height;
  out.pixels.resize(count * 4);
  for (size_t i = 0; i < count; ++i) {
    const bool seen = mask.pixels[i] < 128;
    for (size_t c = 0; c < 3; ++c)
      out.pixels[i * 4 + c] = seen ? picture.pixels[i * static_cast<size_t>(picture.channels) + c] : 0;
    out.pixels[i * 4 + 3] = seen ? 255 : 0;
  }
  return out;
}

// `over` on top of `under`, both premultiplied.
void composite(Picture& under, const Picture& over) {
  for (size_t i = 0; i < under.pixels.size(); i += 4) {
    const int through = 255 - over.pixels[i + 3];
    for (size_t c = 0; c < 4; ++c)
      under.pixels[i + c] = static_cast<uint8_t>(
          std::min(255, over.pixels[i + c] + (under.pixels[i + c] * through + 127) / 255));
  }
}

}  // namespace

Result<Picture> fill_masked(const Picture& picture, const Picture& mask) {
  const Picture seen = premultiplied(picture, mask);
  Picture filled{picture.width, picture.height, 4, std::vector<uint8_t>(seen.pixels.size(), 0)};
  // From far and faint to near and strong, as modules/masking.py has it: (radius, how often it is laid over).
  constexpr std::pair<float, int> kBlurs[] = {{256, 1}, {64, 1}, {16, 2}, {4, 4}, {2, 2}, {0, 1}};
  for (const auto& [radius, times] : kBlurs) {
    const Picture blurred = TRY(blur(seen, radius));
    for (int i = 0; i < times; ++i) composite(filled, blurred);
  }
  Picture out{picture.width, picture.height, 3, {}};
  for (size_t i = 0; i < filled.pixels.size(); i += 4)
    for (size_t c = 0; c < 3; ++c) {
      const int alpha = std::max<int>(1, filled.pixels[i + 3]);
      out.pixels.push_back(
          static_cast<uint8_t>(std::min(255, (filled.pixels[i + c] * 255 + alpha / 2) / alpha)));
    }
  return out;
}

Picture crop_to_shape(const Picture& picture, int width, int height) {
  int keep_width = picture.width, keep_height = picture.height;
  if (int64_t{picture.width} * height > int64_t{picture.height} * width)
    keep_width = std::max<int>(1, static_cast<int>(int64_t{picture.height} * width / height));
  else
    keep_height = std::max<int>(1, static_cast<int>(int64_t{picture.width} * height / width));
  const int left = (picture.width - keep_width) / 2, top = (picture.height - keep_height) / 2;
  Picture out{keep_width, keep_height, picture.channels, {}};
  for (int y = 0; y < keep_height; ++y) {
    const uint8_t* row = picture.row(top + y) + static_cast<size_t>(left) * picture.channels;
    out.pixels.insert(out.pixels.end(), row, row + static_cast<size_t>(keep_width) * picture.channels);
  }
  return out;
}

Result<void> keep_pictures(Services& services, const Request& request, SdDrawing& drawing) {
  for (size_t i = 0; i < drawing.control_images.size(); ++i) {
    const Picture condition =
        TRY(decode(services, drawing.control_images[i], "alwayson_scripts.ControlNet.args.image"));
    drawing.job.controls[i].picture = TRY(keep(services, request, condition, "image"));
  }
  if (drawing.init.empty()) return {};
  Picture init = TRY(decode(services, drawing.init, "init_images"));
  Picture mask;
  if (!drawing.mask.empty()) mask = to_grey(TRY(decode(services, drawing.mask, "mask")));
  if (!mask.empty() && (mask.width != init.width || mask.height != init.height))
    return invalid("mask", "has not the size of the picture");
  const std::optional<int> width = drawing.job.params.width, height = drawing.job.params.height;
  if (drawing.resize_mode == 1 && width && height && *width > 0 && *height > 0) {
    init = crop_to_shape(init, *width, *height);
    if (!mask.empty()) mask = crop_to_shape(mask, *width, *height);
  }
  if (!mask.empty()) {
    Picture redrawn = mask;
    if (drawing.job.invert_mask) invert_mask(redrawn);
    if (drawing.inpainting_fill == 0) init = TRY(fill_masked(init, redrawn));
    drawing.job.mask = TRY(keep(services, request, mask, "mask"));
  }
  drawing.job.init = TRY(keep(services, request, init, "init_images"));
  return {};
}

}  // namespace limner
