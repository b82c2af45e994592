#pragma once
// The pictures of an img2img request, made what A1111 makes of them before drawing.

#include "api/a1111/drawing_fields.h"
#include "api/request.h"
#include "api/services.h"

namespace limner {

/// Decodes, crops where resize_mode says so, fills under the mask where inpainting_fill says so, keeps all as
/// uploads and names them in drawing.job. Errors name the field as the client called it.
Result<void> keep_pictures(Services& services, const Request& request, SdDrawing& drawing);

/// What A1111's "fill" puts under a mask (modules/masking.py): the surroundings, blurred in from the edges.
Result<Picture> fill_masked(const Picture& picture, const Picture& mask);

/// The middle part of `picture` with the shape width : height.
Picture crop_to_shape(const Picture& picture, int width, int height);

}  // namespace limner
