#pragma once
// The pictures of a request, made ready to be drawn over: masks inverted and softened, canvases enlarged.

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace limner {

/// Pictures as they were given, decoded.
struct GivenPictures {
  Picture init, mask;  ///< empty: none
  bool invert_mask = false;
  double mask_blur = 0;  ///< pixels
  std::string outpaint;  ///< "64", or "LEFT,TOP,RIGHT,BOTTOM"; empty: none
  std::vector<DrawingInputs::Control> controls;
};

/// What open() takes. Errors name the field as the command line and the API call it.
Result<DrawingInputs> prepare_inputs(GivenPictures given);

}  // namespace limner
