#include "api/inline_pictures.h"

#include "api/http/header_text.h"
#include "base/crypto.h"

namespace limner {
namespace {

// What follows "data:TYPE;base64,", or the text itself.
Result<std::string_view> base64_of(std::string_view text, std::string_view field) {
  if (lower_case(text.substr(0, 5)) != "data:") return text;
  const size_t comma = text.find(',');
  if (comma == text.npos || !lower_case(text.substr(0, comma)).ends_with(";base64"))
    return invalid(std::string(field), "a data URL that is not base64", "write data:image/png;base64,...");
  return text.substr(comma + 1);
}

}  // namespace

Result<std::string> keep_inline_picture(Services& services, const Request& request, std::string_view text,
                                        std::string_view field) {
  const std::string_view encoded = TRY(base64_of(text, field));
  const std::string bytes = TRY(from_base64(encoded, field, services.uploads.limits().picture_bytes_max));
  return keep_picture_bytes(services, request, bytes, field);
}

Result<std::string> keep_picture_bytes(Services& services, const Request& request, std::string_view bytes,
                                       std::string_view field) {
  const TimeUs expires = services.clock.now() + services.config.inline_picture_hours * 3600 * kSecondUs;
  const Upload upload =
      TRY(services.uploads.keep(request.caller->tenant.id, "picture", "", bytes, field, expires));
  return upload.id;
}

}  // namespace limner
