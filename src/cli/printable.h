#pragma once
// What strangers' files say, made safe to show.

#include <string>
#include <string_view>

#include "base/json.h"

namespace limner {

/// `text` with what would steer a terminal written as \xNN: the characters of C0 but newline and tab, DEL, C1
/// (U+0080 to U+009F), and bytes that are no UTF-8.
std::string printable(std::string_view text);

/// `json` as text, indented by `indent` or on one line. What is not UTF-8 in it (names of files) becomes
/// U+FFFD.
std::string json_text(const Json& json, int indent = 2);
constexpr int kOneLine = -1;

}  // namespace limner
