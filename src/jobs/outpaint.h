#pragma once
// How much is drawn around a picture.

#include <string>

#include "base/result.h"
#include "image/mask.h"

namespace limner {

/// "64" for every side, or "LEFT,TOP,RIGHT,BOTTOM"; each at most 16384 pixels, not all of them 0.
Result<Margins> parse_outpaint(const std::string& text, const std::string& field);

}  // namespace limner
