#pragma once
// Characters, tokens and lists as HTTP's headers have them (RFC 9110, section 5.6).

#include <optional>
#include <string>
#include <string_view>

namespace limner {

constexpr bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }
constexpr bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Whether `text` is a token: letters, digits and !#$%&'*+-.^_`|~, at least one.
bool is_token(std::string_view text);
/// ASCII only.
std::string lower_case(std::string_view text);
/// Without blanks and tabs at both ends.
std::string_view trimmed(std::string_view text);
/// Whether the comma-separated `list` has `item` (lower case), in any case.
bool list_contains(std::string_view list, std::string_view item);
/// The media type of a Content-Type, lower case, without parameters.
std::string media_type(std::string_view content_type);
/// The value of `name` (lower case) among the parameters of "TYPE; name=value; name=\"value\"", if it is
/// there.
std::optional<std::string> header_parameter(std::string_view header, std::string_view name);

}  // namespace limner
