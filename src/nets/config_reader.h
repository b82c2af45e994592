#pragma once
// Reads a network's config.json key by key. Every key must be read, or declared to have no effect: what is
// left over at finish() is an error, so that no setting is accepted and then ignored.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace limner {

/// Inclusive bounds of an integer in a config.
struct IntRange {
  int64_t min = 1;
  int64_t max = 1;
};

/// A view of one JSON object. A key that is absent or null has its default. Errors name "FILE: KEY", the
/// value and what is supported. Borrows the JSON, which must outlive it.
class ConfigReader {
 public:
  /// field  the file, as in "unet/config.json". `invalid` when `json` is no object.
  static Result<ConfigReader> open(const Json& json, std::string_view field);

  /// Whether `key` is there and not null. Does not count as reading it.
  bool has(std::string_view key) const { return find(key) != nullptr; }
  /// Whether `key` is there and null. Does not count as reading it.
  bool is_null(std::string_view key) const;
  /// Whether `key` holds a list. Does not count as reading it.
  bool is_list(std::string_view key) const;

  Result<int64_t> integer(std::string_view key, int64_t fallback, IntRange range);
  /// 0 when absent.
  Result<int64_t> optional_integer(std::string_view key, IntRange range);
  /// One integer for all, or a list of exactly `count`.
  Result<std::vector<int64_t>> integers(std::string_view key, int64_t fallback, size_t count, IntRange range);
  /// A list of 1 to `count_max` integers.
  Result<std::vector<int64_t>> integer_list(std::string_view key, std::vector<int64_t> fallback,
                                            size_t count_max, IntRange range);
  /// The extent of a picture: an integer, or [height, width], of which the first counts. 0 when absent.
  Result<int64_t> extent(std::string_view key);
  Result<double> number(std::string_view key, double fallback, double min, double max);
  /// A list of exactly `count` finite numbers; empty when absent.
  Result<std::vector<float>> numbers(std::string_view key, size_t count);
  Result<bool> flag(std::string_view key, bool fallback);
  /// One truth value for all, or a list of exactly `count`.
  Result<std::vector<bool>> flags(std::string_view key, bool fallback, size_t count);
  /// One of `allowed`, or `fallback` when absent.
  Result<std::string> choice(std::string_view key, std::string_view fallback,
                             std::initializer_list<std::string_view> allowed);
  /// A list of 1 to `count_max` of `allowed`.
  Result<std::vector<std::string>> choices(std::string_view key, std::vector<std::string> fallback,
                                           size_t count_max, std::initializer_list<std::string_view> allowed);
  /// The raw value, for keys of an unusual form; nullptr when absent or null.
  const Json* raw(std::string_view key);

  /// `key` may only have this value (or be absent): another one asks for what is not built.
  Result<void> only(std::string_view key, const Json& value);
  /// Keys that change nothing about the network's function (dropout rates, initialisation, provenance).
  void no_effect(std::initializer_list<std::string_view> keys);
  /// `unsupported` for the first key that is neither read nor without effect, unless it is null, false or
  /// begins with `_`.
  Result<void> finish() const;

  /// An `invalid` error about `key` of this file: the value makes no sense.
  Error wrong(std::string_view key, std::string message) const;
  /// An `unsupported` error about `key` of this file: the value makes sense elsewhere.
  Error lacking(std::string_view key, std::string message) const;

 private:
  ConfigReader(const Json& json, std::string_view field) : json_(&json), field_(field) {}
  const Json* find(std::string_view key) const;
  Result<int64_t> as_integer(std::string_view key, const Json& value, IntRange range) const;

  const Json* json_;
  std::string field_;
  std::set<std::string, std::less<>> read_;
};

}  // namespace limner
