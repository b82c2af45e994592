#include "image/resize.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "base/check.h"

namespace limner {
namespace {

// Coefficients are fixed-point numbers. 8 bits of pixel, 2 of headroom for negative lobes and a sign leave 22
// of 32.
constexpr int kCoefficientBits = 32 - 8 - 2;
constexpr int32_t kHalf = 1 << (kCoefficientBits - 1);

double box_weight(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }

double triangle_weight(double x) { return std::max(0.0, 1.0 - std::abs(x)); }

// Keys 1981 with a = -0.5, the Catmull-Rom spline.
double cubic_weight(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double lanczos_weight(double x) { return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0; }

struct Kernel {
  std::string_view name;
  double (*weight)(double x);
  double support;  // in source pixels, to either side, when not shrinking
};

// In the order of ResizeFilter.
constexpr std::array kKernels = {
    Kernel{"nearest", nullptr, 0.0},          Kernel{"box", box_weight, 0.5},
    Kernel{"bilinear", triangle_weight, 1.0}, Kernel{"bicubic", cubic_weight, 2.0},
    Kernel{"lanczos", lanczos_weight, 3.0},
};

// The source pixels first .. first + weights.size() that make one new pixel, and how much of each.
struct Tap {
  int first;
  std::vector<int32_t> weights;
};

int32_t fixed_point(double weight) {
  return static_cast<int32_t>((weight < 0 ? -0.5 : 0.5) + weight * (1 << kCoefficientBits));
}

std::vector<Tap> make_taps(const Kernel& kernel, int from, int to) {
  const double scale = static_cast<double>(from) / to;
  const double widening = std::max(scale, 1.0), support = kernel.support * widening;
  std::vector<Tap> taps(to);
  std::vector<double> weights;
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * scale;
    // NOLINTBEGIN(bugprone-incorrect-roundings): Pillow's rounding, halves up; what it does below zero is cut
    // off.
    const int first = std::max(static_cast<int>(centre - support + 0.5), 0);
    const int end = std::min(static_cast<int>(centre + support + 0.5), from);
    // NOLINTEND(bugprone-incorrect-roundings)
    weights.clear();
    double sum = 0.0;
    for (int x = first; x < end; ++x) {
      weights.push_back(kernel.weight((x - centre + 0.5) * (1.0 / widening)));
      sum += weights.back();
    }
    taps[i].first = first;
    for (const double weight : weights)
      taps[i].weights.push_back(fixed_point(sum != 0.0 ? weight / sum : weight));
  }
  return taps;
}

uint8_t round_pixel(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kCoefficientBits, 0, 255)); }

Picture blank(int width, int height, int channels) {
  Picture picture{width, height, channels, {}};
  picture.pixels.resize(static_cast<size_t>(width) * height * channels);
  return picture;
}

Picture resize_rows(const Picture& in, int width, const Kernel& kernel) {
  const std::vector<Tap> taps = make_taps(kernel, in.width, width);
  Picture out = blank(width, in.height, in.channels);
  for (int y = 0; y < in.height; ++y) {
    uint8_t* to = out.row(y);
    for (const Tap& tap : taps) {
      const uint8_t* from = in.row(y) + static_cast<size_t>(tap.first) * in.channels;
      for (int c = 0; c < in.channels; ++c) {
        int32_t sum = kHalf;
        for (size_t i = 0; i < tap.weights.size(); ++i) sum += from[i * in.channels + c] * tap.weights[i];
        *to++ = round_pixel(sum);
      }
    }
  }
  return out;
}

Picture resize_columns(const Picture& in, int height, const Kernel& kernel) {
  const std::vector<Tap> taps = make_taps(kernel, in.height, height);
  Picture out = blank(in.width, height, in.channels);
  const size_t row_bytes = static_cast<size_t>(in.width) * in.channels;
  std::vector<int32_t> sums(row_bytes);
  for (int y = 0; y < height; ++y) {
    std::fill(sums.begin(), sums.end(), kHalf);
    for (size_t i = 0; i < taps[y].weights.size(); ++i) {
      const uint8_t* from = in.row(taps[y].first + static_cast<int>(i));
      for (size_t x = 0; x < row_bytes; ++x) sums[x] += from[x] * taps[y].weights[i];
    }
    std::transform(sums.begin(), sums.end(), out.row(y), round_pixel);
  }
  return out;
}

// Pillow walks the source by adding the step again and again; multiplying would round differently.
std::vector<int> nearest_sources(int from, int to) {
  const double step = static_cast<double>(from) / to;
  std::vector<int> sources(to);
  double at = step * 0.5;
  for (int& source : sources) {
    source = std::min(static_cast<int>(at), from - 1);
    at += step;
  }
  return sources;
}

Picture resize_nearest(const Picture& in, int width, int height) {
  const std::vector<int> columns = nearest_sources(in.width, width),
                         rows = nearest_sources(in.height, height);
  Picture out = blank(width, height, in.channels);
  uint8_t* to = out.pixels.data();
  for (const int y : rows)
    for (const int x : columns)
      to = std::copy_n(in.row(y) + static_cast<size_t>(x) * in.channels, in.channels, to);
  return out;
}

// a * b / 255, rounded, without dividing.
uint8_t scale_by(uint8_t a, uint8_t b) {
  const uint32_t product = a * b + 128u;
  return static_cast<uint8_t>((product + (product >> 8)) >> 8);
}

void multiply_alpha(Picture& picture) {
  for (size_t i = 0; i < picture.pixels.size(); i += 4)
    for (size_t c = i; c < i + 3; ++c) picture.pixels[c] = scale_by(picture.pixels[c], picture.pixels[i + 3]);
}

void divide_alpha(Picture& picture) {
  for (size_t i = 0; i < picture.pixels.size(); i += 4) {
    const int alpha = picture.pixels[i + 3];
    if (alpha == 0 || alpha == 255) continue;
    for (size_t c = i; c < i + 3; ++c)
      picture.pixels[c] = static_cast<uint8_t>(std::min(255 * picture.pixels[c] / alpha, 255));
  }
}

}  // namespace

Result<ResizeFilter> resize_filter_from_name(std::string_view name, std::string_view field) {
  for (size_t i = 0; i < kKernels.size(); ++i)
    if (name == kKernels[i].name) return static_cast<ResizeFilter>(i);
  return unsupported(std::string(field), fmt::format("\"{}\" is not a resize filter; nearest, box, bilinear, "
                                                     "bicubic and lanczos are",
                                                     name.substr(0, 40)));
}

Result<Picture> resize(const Picture& picture, int width, int height, ResizeFilter filter) {
  LIMNER_CHECK(!picture.empty(), "a picture to resize has pixels");
  if (width < 1 || height < 1 || width > kResizedSideMax || height > kResizedSideMax)
    return invalid(
        "size", fmt::format("{}x{} is not a size; each side may be 1 to {}", width, height, kResizedSideMax));
  if (width == picture.width && height == picture.height) return picture;
  if (filter == ResizeFilter::nearest) return resize_nearest(picture, width, height);

  const Kernel& kernel = kKernels[static_cast<size_t>(filter)];
  Picture resized = picture;
  if (picture.channels == 4) multiply_alpha(resized);
  if (width != picture.width) resized = resize_rows(resized, width, kernel);
  if (height != picture.height) resized = resize_columns(resized, height, kernel);
  if (picture.channels == 4) divide_alpha(resized);
  return resized;
}

}  // namespace limner
