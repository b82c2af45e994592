#pragma once
// Times as S3 writes them.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace limner {

/// "20130524T000000Z", the time of a signature; its first eight characters are the day.
std::string amz_date(TimeUs time);

/// "2013-05-24T00:00:00.000Z" of listings. Nothing if it is not of that form.
std::optional<TimeUs> parse_iso_time(std::string_view text);

/// "Fri, 24 May 2013 00:00:00 GMT" of headers (RFC 9110, section 5.6.7, the preferred form).
std::optional<TimeUs> parse_http_time(std::string_view text);

}  // namespace limner
