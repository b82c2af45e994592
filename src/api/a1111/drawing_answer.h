#pragma once
// What /sdapi/v1/txt2img and /img2img answer.

#include "api/a1111/drawing_fields.h"
#include "api/request.h"
#include "api/services.h"

namespace limner {

/// {"images":[base64],"parameters":{...},"info":"JSON text"} of a stored job; a cancelled one has no images.
Result<Json> drawing_answer(Services& services, const SdDrawing& drawing, const Json& parameters,
                            const JobView& view);

}  // namespace limner
