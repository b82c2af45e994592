#pragma once
// JSON values and their bounded parser. The only door to the JSON library.

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/result.h"

namespace limner {

/// A JSON value whose objects keep the order in which keys were written.
using Json = nlohmann::ordered_json;

/// What a text from outside may hold at most.
struct JsonLimits {
  size_t bytes_max = 64u << 20;
  int depth_max = 64;
  /// Keys of one object. Objects keep their order, so finding a key is a walk: this bounds the square.
  int keys_max = 16384;
  /// Python's json module writes NaN, Infinity and -Infinity, which are not JSON: read them as null.
  bool non_finite_as_null = false;
};

/// Parses `text`. Too large, too deep, not UTF-8 or not JSON is `invalid` with `field` as its field.
Result<Json> parse_json(std::string_view text, std::string_view field, const JsonLimits& limits = {});

}  // namespace limner
