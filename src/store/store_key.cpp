#include <fmt/format.h>

#include <algorithm>

#include "store/store.h"

namespace limner {
namespace {

constexpr size_t kKeyBytesMax = 512;
// What file systems take for a name.
constexpr size_t kSegmentBytesMax = 255;
constexpr const char* kKeyForm = "segments of [A-Za-z0-9._-] joined by '/'";

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

bool is_segment(std::string_view segment) {
  return !segment.empty() && segment.size() <= kSegmentBytesMax && segment != "." && segment != ".." &&
         std::ranges::all_of(segment, is_key_character);
}

// Keys reach error messages, so what may be anything is cut and made printable.
std::string printable_key(std::string_view key) {
  std::string text(key.substr(0, 80));
  std::ranges::replace_if(
      text, [](char c) { return !is_key_character(c) && c != '/'; }, '?');
  return text;
}

}  // namespace

bool is_store_key(std::string_view key) {
  if (key.size() > kKeyBytesMax) return false;
  while (true) {
    const size_t slash = key.find('/');
    if (!is_segment(key.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    key.remove_prefix(slash + 1);
  }
}

Result<void> check_store_key(std::string_view key) {
  if (is_store_key(key)) return {};
  return invalid("key",
                 fmt::format("'{}' is not {}, at most {} bytes", printable_key(key), kKeyForm, kKeyBytesMax));
}

Result<void> check_store_prefix(std::string_view prefix) {
  if (prefix.empty() || is_store_key(prefix) || is_store_key(std::string(prefix) + "x")) return {};
  return invalid("prefix", fmt::format("'{}' begins no key; keys are {}", printable_key(prefix), kKeyForm));
}

}  // namespace limner
