#pragma once
// The fields of OpenAI's image requests, and ours beside them, as a job.

#include <string>

#include "api/request.h"
#include "base/json.h"
#include "base/result.h"
#include "jobs/job_request.h"
#include "registry/catalogue.h"

namespace limner {

/// Which of the three endpoints.
enum class ImageOperation { generate, edit, vary };

/// A request as understood: what is to be drawn, and how the answer is to look.
struct ImageRequest {
  JobRequest job;       ///< without the pictures it is drawn over
  bool as_url = false;  ///< response_format
  bool stream = false;
  int partial_images = 0;                                              ///< wanted while streaming, 0 to 3
  std::string quality = "auto", size = "auto", background = "opaque";  ///< as answered
  bool close_to_input = false;                                         ///< input_fidelity "high"
};

/// The body of a request as one JSON object: a JSON body as it is; of a form, its text parts, "true", "false"
/// and numbers read where the field is no text. Files are left out.
Result<Json> image_fields(const Request& request);

/// Reads them. A field that is neither OpenAI's nor ours is refused by name; one of OpenAI's that cannot have
/// its effect here is refused unless it is at its neutral value. Errors name the field as the client called
/// it.
Result<ImageRequest> read_image_request(const Json& fields, ImageOperation operation,
                                        const Catalogue& catalogue);

/// The JSON Schema of an endpoint's body, from the same table.
std::string image_request_schema(ImageOperation operation);

}  // namespace limner
