#pragma once
// Query parameters as numbers and times.

#include <optional>

#include "api/request.h"

namespace limner {

/// `fallback` if it is not given; `invalid` names it and what is allowed.
Result<int64_t> query_whole(const Request& request, std::string_view name, int64_t fallback, int64_t minimum,
                            int64_t maximum);
/// 0 if it is not given.
Result<TimeUs> query_time(const Request& request, std::string_view name);

// What /openapi.json says of such parameters.
inline constexpr std::string_view kTextSchema = R"({"type":"string","pattern":"^[^\\u0000]*$"})";
inline constexpr std::string_view kTimeSchema =
    R"({"type":"string","pattern":"^([0-9]{1,10}|20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]))?)$"})";

/// The whole of `text` as a number without sign.
std::optional<uint64_t> whole_number(std::string_view text);

}  // namespace limner
