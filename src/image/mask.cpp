#include "image/mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "image/resize.h"

namespace limner {
namespace {

constexpr int kBlurPasses = 3;

// The radius of the box whose three passes have the variance of the Gaussian; its fraction is the weight of
// the two pixels just outside the whole ones. Gwosdek et al. 2011, equations 7, 11 and 14; float and double
// as in Pillow.
float box_radius(float sigma) {
  const float variance = sigma * sigma / kBlurPasses;
  const auto length = static_cast<float>(std::sqrt(12.0 * variance + 1.0));
  const auto whole = static_cast<float>(std::floor((length - 1.0) / 2.0));
  float fraction = (2 * whole + 1) * (whole * (whole + 1) - 3.0f * variance);
  fraction /= 6 * (variance - (whole + 1) * (whole + 1));
  return whole + fraction;
}

// A box of 2 * whole + 1 pixels weighing `inner` each and one more on either side weighing `outer`; 24-bit
// fixed point.
struct BoxFilter {
  int whole;
  uint32_t inner, outer;
};

BoxFilter make_blur_box(float radius) {
  const int whole = static_cast<int>(radius);
  const auto inner = static_cast<uint32_t>((1 << 24) / (radius * 2 + 1));
  return {whole, inner, ((1u << 24) - (whole * 2 + 1) * inner) / 2};
}

// One pass over `size` bytes that lie `stride` apart. Beyond its ends the line repeats its first and last
// byte.
void blur_line(const BoxFilter& box, const uint8_t* in, uint8_t* out, int size, size_t stride) {
  const auto pixel = [&](int i) -> uint32_t { return in[std::clamp(i, 0, size - 1) * stride]; };
  uint32_t sum = 0;
  for (int i = -box.whole - 1; i < box.whole; ++i) sum += pixel(i);
  for (int i = 0; i < size; ++i) {
    sum += pixel(i + box.whole) - pixel(i - box.whole - 1);
    const uint32_t outside = pixel(i - box.whole - 1) + pixel(i + box.whole + 1);
    out[i * stride] = static_cast<uint8_t>((sum * box.inner + outside * box.outer + (1u << 23)) >> 24);
  }
}

void blur_rows(const BoxFilter& box, const Picture& in, Picture& out) {
  for (int y = 0; y < in.height; ++y)
    for (int c = 0; c < in.channels; ++c)
      blur_line(box, in.row(y) + c, out.row(y) + c, in.width, static_cast<size_t>(in.channels));
}

void blur_columns(const BoxFilter& box, const Picture& in, Picture& out) {
  const size_t row_bytes = static_cast<size_t>(in.width) * in.channels;
  for (size_t x = 0; x < row_bytes; ++x)
    blur_line(box, in.pixels.data() + x, out.pixels.data() + x, in.height, row_bytes);
}

void fill_pixel(uint8_t* pixel, int channels, const std::array<uint8_t, 3>& colour) {
  for (int c = 0; c < channels; ++c) pixel[c] = c < 3 ? colour[c] : 255;
}

Result<void> check_margins(const Picture& picture, const Margins& margins) {
  const auto [left, top, right, bottom] = margins;
  const auto allowed = [](int margin) { return margin >= 0 && margin <= kResizedSideMax; };
  const std::string given = fmt::format("left {}, top {}, right {}, bottom {}", left, top, right, bottom);
  if (!allowed(left) || !allowed(top) || !allowed(right) || !allowed(bottom))
    return invalid("outpaint", fmt::format("{}: a margin may be 0 to {}", given, kResizedSideMax));
  if (left + top + right + bottom == 0) return invalid("outpaint", "no margin is more than 0");
  if (picture.width + left + right > kResizedSideMax || picture.height + top + bottom > kResizedSideMax)
    return invalid("outpaint", fmt::format("{}: the canvas may be {} pixels a side", given, kResizedSideMax));
  return {};
}

}  // namespace

Picture to_grey(const Picture& picture) {
  if (picture.channels == 1) return picture;
  Picture grey{picture.width, picture.height, 1, {}};
  grey.pixels.resize(static_cast<size_t>(picture.width) * picture.height);
  const uint8_t* rgb = picture.pixels.data();
  for (uint8_t& pixel : grey.pixels) {
    // 0.299, 0.587 and 0.114 times 65536; their sum is 65536.
    pixel = static_cast<uint8_t>((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
    rgb += picture.channels;
  }
  return grey;
}

void invert_mask(Picture& mask) {
  for (uint8_t& pixel : mask.pixels) pixel = static_cast<uint8_t>(255 - pixel);
}

void binarise_mask(Picture& mask) {
  for (uint8_t& pixel : mask.pixels) pixel = pixel >= 128 ? 255 : 0;
}

Result<Picture> blur(const Picture& picture, float radius) {
  LIMNER_CHECK(!picture.empty(), "a picture to blur has pixels");
  if (!(radius >= 0.0f && radius <= 1000.0f))
    return invalid("blur", fmt::format("{} is not a radius; it may be 0 to 1000", radius));
  Picture from = picture, to = picture;
  if (radius == 0.0f) return from;
  const BoxFilter box = make_blur_box(box_radius(radius));
  for (const auto pass : {blur_rows, blur_columns}) {
    for (int i = 0; i < kBlurPasses; ++i) {
      pass(box, from, to);
      std::swap(from, to);
    }
  }
  return from;
}

Result<OutpaintCanvas> outpaint_canvas(const Picture& picture, const Margins& margins,
                                       std::optional<std::array<uint8_t, 3>> fill) {
  LIMNER_CHECK(!picture.empty(), "a picture to put on a canvas has pixels");
  TRY(check_margins(picture, margins));
  const int width = picture.width + margins.left + margins.right;
  const int height = picture.height + margins.top + margins.bottom;
  const int channels = picture.channels;
  OutpaintCanvas canvas{{width, height, channels, {}}, {width, height, 1, {}}};
  canvas.picture.pixels.resize(static_cast<size_t>(width) * height * channels);
  canvas.mask.pixels.resize(static_cast<size_t>(width) * height);
  for (int y = 0; y < height; ++y) {
    const int from_y = std::clamp(y - margins.top, 0, picture.height - 1);
    for (int x = 0; x < width; ++x) {
      const int from_x = std::clamp(x - margins.left, 0, picture.width - 1);
      const bool is_new = from_y != y - margins.top || from_x != x - margins.left;
      uint8_t* pixel = canvas.picture.row(y) + static_cast<size_t>(x) * channels;
      canvas.mask.row(y)[x] = is_new ? 255 : 0;
      if (is_new && fill)
        fill_pixel(pixel, channels, *fill);
      else
        std::copy_n(picture.row(from_y) + static_cast<size_t>(from_x) * channels, channels, pixel);
    }
  }
  return canvas;
}

}  // namespace limner
