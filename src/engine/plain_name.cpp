#include "engine/plain_name.h"

#include <algorithm>

namespace limner {

bool is_plain_name(std::string_view name) {
  if (name.empty() || name.size() > 100 || name[0] == '.') return false;
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ' ';
  });
}

}  // namespace limner
