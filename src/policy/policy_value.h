#pragma once
// A policy file as values that know where they stand, and readers whose errors say so.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace limner {

inline constexpr size_t kPolicyBytesMax = 1u << 20;
inline constexpr int kPolicyDepthMax = 8;

/// A value of a TOML file.
struct PolicyValue {
  using List = std::vector<PolicyValue>;
  using Table = std::vector<std::pair<std::string, PolicyValue>>;

  std::shared_ptr<const std::string> file;  ///< its name
  uint32_t line = 0;
  std::string key;  ///< from the root: "prompt.terms[0].action"
  std::variant<bool, int64_t, double, std::string, List, Table> value = Table();

  const Table* table() const { return std::get_if<Table>(&value); }
  /// The entry of a table; null if there is none or this is no table.
  const PolicyValue* find(std::string_view name) const;
  /// "policy.toml:12".
  std::string place() const;
  /// `invalid` with the key as field: "VALUE WHY, in FILE:LINE". `why` says what is allowed.
  Error error(std::string_view why) const;
};

/// Parses a TOML text of at most kPolicyBytesMax, nested no deeper than kPolicyDepthMax; dates and times are
/// refused. Errors name file and line.
Result<PolicyValue> parse_policy_text(std::string_view text, const std::string& file);

/// Reads a table whose keys are known: what is not asked for is unknown.
class PolicyTable {
 public:
  /// `value` must outlive it. `invalid` if it is no table.
  static Result<PolicyTable> of(const PolicyValue& value);

  /// null if it is absent.
  const PolicyValue* optional(std::string_view key);
  Result<const PolicyValue*> required(std::string_view key);
  /// `invalid` for a key that was never asked for, listing those that were.
  Result<void> finish() const;

 private:
  explicit PolicyTable(const PolicyValue& value) : value_(&value) {}
  const PolicyValue* value_;
  std::vector<std::string> asked_;
};

/// A name: 1 to 64 printable ASCII characters, quotes and backslashes excepted.
Result<std::string> name_of(const PolicyValue& value);
/// A text of 1 to `bytes_max` bytes.
Result<std::string> text_of(const PolicyValue& value, size_t bytes_max);
Result<double> number_of(const PolicyValue& value, double least, double most);
Result<bool> flag_of(const PolicyValue& value);
/// A list of `least` to `most` values.
Result<const PolicyValue::List*> list_of(const PolicyValue& value, size_t least, size_t most);
/// One of `words`; the error lists them.
Result<std::string> word_of(const PolicyValue& value, const std::vector<std::string_view>& words);

}  // namespace limner
