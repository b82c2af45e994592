#pragma once
// The pictures of an edit or a variation: form files, data URLs, uploaded files.

#include <optional>
#include <string>

#include "api/openai/image_fields.h"
#include "api/request.h"
#include "api/services.h"

namespace limner {

/// Pictures as the request has them, not looked at yet. At most one of bytes and file is set.
struct GivenImage {
  std::string bytes;
  std::string file;  ///< id of an upload or a picture
};
struct GivenImages {
  std::optional<GivenImage> image, mask;
};

/// Takes "image" (or one "image[]") and "mask" out of a form, or "images" and "mask" out of the JSON
/// `fields`:
/// [{"image_url": data URL}] or [{"file_id"}]. URLs of other servers are not fetched. Cheap; `invalid` names
/// the field.
Result<GivenImages> given_images(const Request& request, Json& fields);

/// Keeps them as uploads and names them in `image.job`. OpenAI's masks say with full transparency what is to
/// be drawn anew; a picture of an edit that has such pixels is its own mask.
Result<void> keep_images(Services& services, const Request& request, const GivenImages& given,
                         ImageOperation operation, ImageRequest& image);

}  // namespace limner
