#pragma once

namespace limner {

/// The natural logarithm as numpy computes it for float32 arrays on CPUs with FMA, bit for bit. `x` is
/// positive, normal and finite. diffusers truncates timesteps interpolated between such logarithms, so the
/// last bit decides between 998 and 999.
float numpy_log(float x);

}  // namespace limner
