#include "audit/canonical_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace limner {
namespace {

constexpr int64_t kWholeMax = int64_t{1} << 53;  // doubles, which JSON's readers use, hold these exactly

class Writer {
 public:
  explicit Writer(std::string_view field) : field_(field) {}

  Result<void> write(const Json& value) {
    if (value.is_object()) return write_object(value);
    if (value.is_array()) return write_array(value);
    if (value.is_string()) return write_text(value);
    if (value.is_number()) return write_number(value);
    text += value.dump();  // null and flags
    return {};
  }
  std::string text;

 private:
  Error wrong(std::string message) const { return invalid(std::string(field_), std::move(message)); }

  Result<void> write_object(const Json& object) {
    std::vector<std::pair<std::string, const Json*>> members;
    for (const auto& [key, value] : object.items()) {
      // Of others the order is that of UTF-16, which is not that of their bytes.
      if (std::ranges::any_of(key, [](char c) { return c < ' ' || c > '~'; }))
        return wrong("has a key that is not ASCII");
      members.emplace_back(key, &value);
    }
    std::ranges::sort(members, {}, &std::pair<std::string, const Json*>::first);
    text += '{';
    for (size_t i = 0; i < members.size(); ++i) {
      if (i > 0) text += ',';
      TRY(write_text(Json(members[i].first)));
      text += ':';
      TRY(write(*members[i].second));
    }
    text += '}';
    return {};
  }

  Result<void> write_array(const Json& array) {
    text += '[';
    for (size_t i = 0; i < array.size(); ++i) {
      if (i > 0) text += ',';
      TRY(write(array[i]));
    }
    text += ']';
    return {};
  }

  Result<void> write_text(const Json& value) {
    try {
      text += value.dump();
    } catch (const Json::exception&) {
      return wrong("has a text that is not UTF-8");
    }
    return {};
  }

  Result<void> write_number(const Json& value) {
    const bool whole = value.is_number_integer() &&
                       (value.is_number_unsigned() ? value.get<uint64_t>() <= uint64_t{kWholeMax}
                                                   : std::abs(value.get<int64_t>()) <= kWholeMax);
    if (!whole)
      return wrong(fmt::format("has the number {}, which is not a whole one within 2^53", value.dump()));
    text += value.dump();
    return {};
  }

  std::string_view field_;
};

}  // namespace

Result<std::string> canonical_json(const Json& value, std::string_view field) {
  Writer writer(field);
  TRY(writer.write(value));
  return std::move(writer.text);
}

}  // namespace limner
