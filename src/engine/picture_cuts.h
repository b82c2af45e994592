#pragma once
// What preparing a picture for a classifier begins and ends with.

#include "image/picture.h"

namespace limner {

/// Grey becomes three times grey; alpha is dropped and not blended, as the references do it.
Picture in_three_channels(const Picture& picture);

/// The square of `side` pixels at (left, top) of a picture of three channels, which must hold it.
Picture square_of(const Picture& picture, int left, int top, int side);

}  // namespace limner
