#pragma once
// Mixing the noise of two seeds.

#include <span>

#include "engine/drawing.h"

namespace limner {

/// noise = a point `amount` of the way from noise to `other` on the great circle between them, both [C, H,
/// W]. As in A1111 the angle is taken for every channel and column over its rows, and the mix is linear where
/// the two nearly agree. Shoemake 1985, "Animating rotation with quaternion curves".
void slerp(std::span<float> noise, std::span<const float> other, const LatentExtent& extent, double amount);

}  // namespace limner
