#pragma once
// A worker and a picture, for the tests of jobs and of what they keep.

#include <string>

#include "image/codec.h"

namespace limner {

/// Who has taken up a job.
inline constexpr const char* kTestOwner = "host:1:x";

/// A grey picture's file.
inline std::string grey_png(int width, int height) {
  Picture picture{width, height, 3, {}};
  picture.pixels.assign(static_cast<size_t>(width) * height * 3, 128);
  const auto bytes = encode_picture(picture, {}).value();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace limner
