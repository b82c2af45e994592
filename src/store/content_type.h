#pragma once
// What an object is, by its name.

#include <string_view>

namespace limner {

/// The media type that goes with the extension of `key`; application/octet-stream where it says nothing.
std::string_view content_type_of(std::string_view key);

}  // namespace limner
