#pragma once
// Masks: one channel, 255 where the picture is to be drawn anew, 0 where it stays.

#include <array>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "image/picture.h"

namespace limner {

/// Brightness as one channel: ITU-R 601 luma in 16-bit fixed point, byte for byte Pillow's convert("L").
/// Alpha is not looked at; a picture of one channel comes back as it is.
Picture to_grey(const Picture& picture);

/// 255 - x for every byte of a mask.
void invert_mask(Picture& mask);

/// 255 where the mask is 128 or more, else 0: diffusers' binarize, which cuts at half of [0, 1].
void binarise_mask(Picture& mask);

/// Gaussian blur with a standard deviation of `radius` pixels, byte for byte Pillow's
/// ImageFilter.GaussianBlur: three box blurs of a fractional width each way (Gwosdek et al. 2011,
/// "Theoretical foundations of Gaussian convolution by extended box filtering"). Any number of channels. A
/// radius outside 0 to 1000 is `invalid`; 0 changes nothing.
Result<Picture> blur(const Picture& picture, float radius);

/// Pixels to add on each side of a picture.
struct Margins {
  int left = 0, top = 0, right = 0, bottom = 0;
};

/// A picture on a larger canvas, and the mask of what is new there.
struct OutpaintCanvas {
  Picture picture, mask;
};

/// Puts `picture` on a canvas larger by `margins`. The new pixels are `fill` (RGB, opaque), or without it
/// repeat the nearest pixel of the picture. Negative margins, none at all, or a side above 32768 are
/// `invalid` ("outpaint").
Result<OutpaintCanvas> outpaint_canvas(const Picture& picture, const Margins& margins,
                                       std::optional<std::array<uint8_t, 3>> fill);

}  // namespace limner
