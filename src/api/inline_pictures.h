#pragma once
// Pictures inside requests: base64, data URLs, form parts; kept as uploads so that the job can be drawn after
// a crash.

#include <string>
#include <string_view>

#include "api/request.h"
#include "api/services.h"

namespace limner {

/// base64 or a data URL -> the upload's id. `invalid` with `field`.
Result<std::string> keep_inline_picture(Services& services, const Request& request, std::string_view text,
                                        std::string_view field);
/// Bytes -> the upload's id.
Result<std::string> keep_picture_bytes(Services& services, const Request& request, std::string_view bytes,
                                       std::string_view field);

}  // namespace limner
