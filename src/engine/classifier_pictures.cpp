#include "engine/classifier_pictures.h"

#include <cmath>
#include <span>

#include "engine/picture_cuts.h"
#include "image/codec.h"
#include "image/resize.h"

namespace limner {
namespace {

// Where pixel `at` of `side` lies between the pixels of `extent`, corner on corner.
struct Between {
  int low, high;
  double share;  // of high
};
Between between(int at, int side, int extent) {
  const double position = side > 1 ? at * (static_cast<double>(extent - 1) / (side - 1)) : 0;
  const int low = std::min(static_cast<int>(position), extent - 1);
  return {low, std::min(low + 1, extent - 1), position - low};
}

}  // namespace

Result<std::vector<float>> prepare_open_nsfw(const Picture& picture, int side) {
  constexpr int kResized = 256, kQuality = 75;
  constexpr float kMeans[] = {104, 117, 123};
  const Picture small = TRY(resize(in_three_channels(picture), kResized, kResized, ResizeFilter::bilinear));
  const int border = (kResized - side) / 2;
  const std::vector<std::byte> file = TRY(
      encode_picture(square_of(small, border, border, side), {.format = Format::jpeg, .quality = kQuality}));
  const Picture seen = TRY(decode_picture(file, "picture"));
  std::vector<float> values;
  values.reserve(seen.pixels.size());
  for (size_t at = 0; at < seen.pixels.size(); at += 3)
    for (size_t c = 0; c < 3; ++c) values.push_back(static_cast<float>(seen.pixels[at + 2 - c]) - kMeans[c]);
  return values;
}

std::vector<float> prepare_mobilenet_v2(const Picture& picture, int side) {
  const Picture colours = in_three_channels(picture);
  std::vector<float> values;
  values.reserve(static_cast<size_t>(side) * static_cast<size_t>(side) * 3);
  for (int y = 0; y < side; ++y) {
    const Between row = between(y, side, colours.height);
    for (int x = 0; x < side; ++x) {
      const Between column = between(x, side, colours.width);
      for (int c = 0; c < 3; ++c) {
        const auto at = [&](int line, int pixel) { return colours.row(line)[pixel * 3 + c] / 255.0; };
        const auto across = [&](int line) {
          return at(line, column.low) + (at(line, column.high) - at(line, column.low)) * column.share;
        };
        values.push_back(
            static_cast<float>(across(row.low) + (across(row.high) - across(row.low)) * row.share));
      }
    }
  }
  return values;
}

}  // namespace limner
