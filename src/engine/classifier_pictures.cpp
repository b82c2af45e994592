#include "engine/classifier_pictures.h"

#include <cmath>
#include <span>

#include "image/codec.h"
#include "image/resize.h"

namespace limner {
namespace {

// Grey becomes three times grey; alpha is dropped and not blended, as both references do it.
Picture as_rgb(const Picture& picture) {
  if (picture.channels == 3) return picture;
  Picture out{picture.width, picture.height, 3, {}};
  const auto channels = static_cast<size_t>(picture.channels);
  out.pixels.reserve(picture.pixels.size() / channels * 3);
  for (size_t at = 0; at < picture.pixels.size(); at += channels)
    for (size_t c = 0; c < 3; ++c) out.pixels.push_back(picture.pixels[at + (channels == 1 ? 0 : c)]);
  return out;
}

Picture square_of(const Picture& picture, int left, int top, int side) {
  Picture out{side, side, 3, {}};
  for (int y = top; y < top + side; ++y) {
    const uint8_t* row = picture.row(y) + static_cast<ptrdiff_t>(left) * 3;
    out.pixels.insert(out.pixels.end(), row, row + static_cast<ptrdiff_t>(side) * 3);
  }
  return out;
}

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
  const Picture small = TRY(resize(as_rgb(picture), kResized, kResized, ResizeFilter::bilinear));
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
  const Picture colours = as_rgb(picture);
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

Result<std::vector<float>> prepare_clip_vision(const Picture& picture, int side) {
  constexpr float kMeans[] = {0.48145466F, 0.4578275F, 0.40821073F};
  constexpr float kDeviations[] = {0.26862954F, 0.26130258F, 0.27577711F};
  const int shorter = std::min(picture.width, picture.height);
  const auto scaled = [&](int extent) { return int64_t{extent} * side / shorter; };
  if (std::max(scaled(picture.width), scaled(picture.height)) > kResizedSideMax)
    return unsupported("picture", "is too long and thin to be looked at");
  const Picture small = TRY(resize(as_rgb(picture), static_cast<int>(scaled(picture.width)),
                                   static_cast<int>(scaled(picture.height)), ResizeFilter::bicubic));
  const Picture middle = square_of(small, (small.width - side) / 2, (small.height - side) / 2, side);
  std::vector<float> values;
  values.reserve(middle.pixels.size());
  for (size_t at = 0; at < middle.pixels.size(); ++at)
    values.push_back((static_cast<float>(middle.pixels[at]) / 255 - kMeans[at % 3]) / kDeviations[at % 3]);
  return values;
}

}  // namespace limner
