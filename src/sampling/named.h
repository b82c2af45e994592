#pragma once
// Finding a member of one of this folder's lists by any of its names.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace limner {

/// Whether `a` and `b` are the same but for ASCII case.
inline bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

/// The member of `list` called `name` by its name or, if members have them, its title or an alias; `invalid`
/// with `field`, listing the names.
template <class T>
Result<const T*> find_named(std::span<const T* const> list, std::string_view name, const char* field) {
  const auto called = [&](std::string_view candidate) { return same_name(candidate, name); };
  std::vector<std::string_view> names;
  for (const T* member : list) {
    if (called(member->name)) return member;
    if constexpr (requires { member->aliases; }) {
      if (called(member->title) || std::ranges::any_of(member->aliases, called)) return member;
    }
    names.push_back(member->name);
  }
  constexpr size_t kShownMax = 60;
  return invalid(field,
                 fmt::format("\"{}\" is not one of {}", name.substr(0, kShownMax), fmt::join(names, ", ")));
}

}  // namespace limner
