#include "engine/picture_cuts.h"

namespace limner {

Picture in_three_channels(const Picture& picture) {
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

}  // namespace limner
