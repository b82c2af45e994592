#pragma once
// A job's request as it comes over the wire: JSON, or a form with files in it.

#include "api/request.h"
#include "api/services.h"

namespace limner {

/// The JSON that job_request_from_json() reads. Pictures inside - data URLs for "init", "mask" and a
/// control's "image"; the parts "init", "mask", "control_image" (one for each control without a picture, in
/// order) and "lora" of a form whose part "request" is the JSON - are kept as uploads and replaced by their
/// ids.
Result<Json> read_job_body(Services& services, const Request& request);

}  // namespace limner
