#include "api/openai/image_inputs.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/inline_pictures.h"
#include "base/crypto.h"
#include "image/codec.h"

namespace limner {
namespace {

Result<void> put_once(std::optional<GivenImage>& place, GivenImage given, const char* field) {
  if (place) return unsupported(field, "more than one picture; models here draw over one", "send one");
  place = std::move(given);
  return {};
}

Result<GivenImages> images_in_form(const Request& request) {
  const std::vector<FormPart> parts = TRY(parse_form(request));
  GivenImages given;
  for (const FormPart& part : parts) {
    if (!part.is_file) continue;
    GivenImage image{std::string(part.data), {}};
    if (part.name == "image" || part.name == "image[]")
      TRY(put_once(given.image, std::move(image), "image"));
    else if (part.name == "mask")
      TRY(put_once(given.mask, std::move(image), "mask"));
    else
      return invalid(part.name.substr(0, 80), "is no file of this request", "image and mask are");
  }
  return given;
}

// {"image_url": "data:..."} or {"file_id": "file_..."}; a bare text is either.
Result<GivenImage> image_in_json(const Json& json, const char* field, size_t bytes_max) {
  std::string text;
  if (json.is_string()) {
    text = json.get<std::string>();
  } else if (json.is_object() && json.size() == 1 && json.begin()->is_string() &&
             (json.contains("image_url") || json.contains("file_id"))) {
    text = json.begin()->get<std::string>();
  } else {
    return invalid(field, R"(is neither {"image_url": "data:..."} nor {"file_id": "..."})");
  }
  if (text.starts_with("http://") || text.starts_with("https://"))
    return unsupported(field, "URLs of other servers are not fetched",
                       "send a data URL, or upload it to /v1/files");
  if (!text.starts_with("data:")) return GivenImage{{}, std::move(text)};
  const size_t comma = text.find(',');
  if (comma == std::string::npos || text.substr(0, comma).find(";base64") == std::string::npos)
    return invalid(field, "is no base64 data URL");
  std::string bytes = TRY(from_base64(std::string_view(text).substr(comma + 1), field, bytes_max));
  return GivenImage{std::move(bytes), {}};
}

Result<GivenImages> images_in_json(Json& fields) {
  constexpr size_t kBytesMax = 50u << 20;
  GivenImages given;
  if (fields.contains("images")) {
    const Json& images = fields["images"];
    if (!images.is_array() || images.empty()) return invalid("images", "is no array of pictures");
    if (images.size() > 1)
      return unsupported("images", "more than one picture; models here draw over one", "send one");
    given.image = TRY(image_in_json(images[0], "images", kBytesMax));
    fields.erase("images");
  }
  if (fields.contains("mask")) {
    if (!fields["mask"].is_null()) given.mask = TRY(image_in_json(fields["mask"], "mask", kBytesMax));
    fields.erase("mask");
  }
  return given;
}

bool has_clear_pixels(const Picture& picture) {
  if (picture.channels != 4) return false;
  for (size_t i = 3; i < picture.pixels.size(); i += 4)
    if (picture.pixels[i] == 0) return true;
  return false;
}

// Alpha 0 -> 255 (drawn anew), else 0.
Picture mask_of_alpha(const Picture& picture) {
  Picture mask{picture.width, picture.height, 1, {}};
  mask.pixels.reserve(picture.pixels.size() / 4);
  for (size_t i = 3; i < picture.pixels.size(); i += 4)
    mask.pixels.push_back(picture.pixels[i] == 0 ? 255 : 0);
  return mask;
}

Result<std::string> keep_mask(Services& services, const Request& request, const Picture& picture) {
  const std::vector<std::byte> file = TRY(encode_picture(mask_of_alpha(picture), {}));
  return keep_picture_bytes(
      services, request, std::string_view(reinterpret_cast<const char*>(file.data()), file.size()), "mask");
}

Result<std::string> bytes_of(Services& services, const Request& request, const GivenImage& given,
                             const char* field) {
  if (given.file.empty()) return given.bytes;
  return services.uploads.read(request.caller->tenant.id, given.file, field);
}

Result<Picture> decoded(Services& services, const std::string& bytes, const char* field) {
  return decode_picture(as_bytes(bytes), field, services.uploads.limits().decode);
}

}  // namespace

Result<GivenImages> given_images(const Request& request, Json& fields) {
  if (request.header("content-type").starts_with("multipart/")) return images_in_form(request);
  return images_in_json(fields);
}

Result<void> keep_images(Services& services, const Request& request, const GivenImages& given,
                         ImageOperation operation, ImageRequest& image) {
  if (!given.image) return invalid("image", "is missing");
  if (given.mask && operation != ImageOperation::edit) return invalid("mask", "is no field of this request");
  const std::string bytes = TRY(bytes_of(services, request, *given.image, "image"));
  const Picture picture = TRY(decoded(services, bytes, "image"));
  if (given.mask) {
    const std::string mask_bytes = TRY(bytes_of(services, request, *given.mask, "mask"));
    const Picture mask = TRY(decoded(services, mask_bytes, "mask"));
    if (mask.width != picture.width || mask.height != picture.height)
      return invalid("mask", fmt::format("is {}x{}, but the picture is {}x{}", mask.width, mask.height,
                                         picture.width, picture.height));
    if (!has_clear_pixels(mask))
      return invalid("mask", "has no fully transparent pixel: nothing would be drawn anew",
                     "make transparent what is to change");
    image.job.mask = TRY(keep_mask(services, request, mask));
  } else if (operation == ImageOperation::edit && has_clear_pixels(picture)) {
    image.job.mask = TRY(keep_mask(services, request, picture));
  }
  image.job.init = !given.image->file.empty() ? given.image->file
                                              : TRY(keep_picture_bytes(services, request, bytes, "image"));
  if (!image.job.params.strength && image.job.mask.empty())
    image.job.params.strength = image.close_to_input ? 0.45 : operation == ImageOperation::vary ? 0.6 : 0.8;
  return {};
}

}  // namespace limner
