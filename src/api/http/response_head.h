#pragma once
// The head of an answer as bytes.

#include <span>
#include <string>
#include <utility>

#include "api/reply.h"
#include "base/clock.h"

namespace limner {

enum class Framing { length, chunked, until_close };

/// Status line and headers of `response`, then `more`, then Date, Connection and how the body is framed.
/// Control characters in values become blanks: no value can end its header.
std::string response_head(const Response& response, std::span<const std::pair<std::string, std::string>> more,
                          Framing framing, bool keep_alive, TimeUs now);
/// Whether an answer with this status has no body by definition.
bool is_bodiless(int status);
/// A chunk of a chunked body; `bytes` are not empty.
std::string chunk(std::string_view bytes);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
/// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(TimeUs time);

}  // namespace limner
