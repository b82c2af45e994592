#pragma once
// The bodies of /sdapi/v1/txt2img and /img2img as a job.

#include <string>
#include <string_view>
#include <vector>

#include "api/a1111/caller_options.h"
#include "base/json.h"
#include "base/result.h"
#include "jobs/job_request.h"

namespace limner {

/// A request as understood. Pictures are still the text that the client sent.
struct SdDrawing {
  JobRequest job;  ///< without the pictures it is drawn over
  std::string init, mask;
  std::vector<std::string> control_images;  ///< one for each of job.controls
  int resize_mode = 0;                      ///< 0 stretch, 1 crop
  int inpainting_fill = 0;  ///< what lies under the mask at first: 0 its surroundings, 1 the picture
  bool send_images = true;
  std::string task_id;  ///< force_task_id
};

/// Reads a body, over the caller's options. A field that has no effect here is refused by name unless it is
/// at its neutral value; errors name the field as the client called it.
Result<SdDrawing> read_drawing(const Json& body, bool over_picture, CallerOptions options,
                               const Catalogue& catalogue);

/// The JSON Schema of the body, from the same tables.
std::string drawing_schema(bool over_picture);

}  // namespace limner
