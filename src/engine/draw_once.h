#pragma once
// A picture that nobody looks at: what drawing needs is made ready by it.

#include <functional>

#include "base/result.h"
#include "engine/engine.h"

namespace limner {

/// Grey pictures of the usual size for whatever the model cannot draw without.
DrawingInputs grey_inputs(const Model& model);

/// The smallest whole drawing of the model's usual size, over grey pictures where the model wants some:
/// every weight that the usual drawing needs is packed and every network compiled afterwards. `opened` is
/// called when the text encoders and the UNet are packed; false ends it with `cancelled`.
Result<void> draw_once(Model& model, const std::function<bool()>& opened = {});

}  // namespace limner
