#pragma once
// Times as text, for people and JSON.

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace limner {

/// "2026-01-31T12:00:00.000000Z".
std::string rfc3339_text(TimeUs time);
/// The same, or null for 0: not yet, never.
Json time_json(TimeUs time);
/// "2026-01-31", RFC 3339's "2026-01-31T12:00:00Z" or "...+01:00" with or without a fraction, or seconds
/// since 1970. `invalid` with `field`.
Result<TimeUs> parse_time(std::string_view text, std::string_view field);

}  // namespace limner
