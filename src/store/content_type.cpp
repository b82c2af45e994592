#include "store/content_type.h"

#include <algorithm>
#include <array>

namespace limner {
namespace {

struct ContentType {
  std::string_view extension, name;
};

constexpr std::array kContentTypes = {
    ContentType{".png", "image/png"},         ContentType{".jpg", "image/jpeg"},
    ContentType{".jpeg", "image/jpeg"},       ContentType{".webp", "image/webp"},
    ContentType{".avif", "image/avif"},       ContentType{".gif", "image/gif"},
    ContentType{".json", "application/json"}, ContentType{".txt", "text/plain; charset=utf-8"},
};

}  // namespace

std::string_view content_type_of(std::string_view key) {
  const auto found = std::ranges::find_if(
      kContentTypes, [&](const ContentType& type) { return key.ends_with(type.extension); });
  return found == kContentTypes.end() ? "application/octet-stream" : found->name;
}

}  // namespace limner
