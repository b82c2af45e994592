#pragma once
// Pictures as OpenAI's clients get them: in one answer, or bit by bit.

#include "api/openai/image_fields.h"
#include "api/request.h"
#include "api/services.h"
#include "jobs/events.h"
#include "jobs/job_service.h"

namespace limner {

/// {"created","data":[{"b64_json"|"url"}],"background","output_format","quality","size","usage","limner":{job,
/// model, cost, pictures}} of a stored job.
Result<Json> image_answer(Services& services, const Request& request, const ImageRequest& image,
                          const JobView& view);
/// The same as text. Pictures in base64 are put in as they are: a JSON writer would look at each of their
/// characters.
Result<std::string> image_answer_text(Services& services, const Request& request, const ImageRequest& image,
                                      const JobView& view);

/// One "image_generation.partial_image" (or image_edit...) as text of an event stream.
std::string partial_image(const ImageRequest& image, ImageOperation operation, const JobEvent& preview,
                          int index, TimeUs now);
/// The "....completed" events of a stored job, one a picture.
Result<std::string> completed_images(Services& services, const ImageRequest& image, ImageOperation operation,
                                     const JobView& view);

}  // namespace limner
