#include "api/field_kind.h"

#include <fmt/format.h>

#include <cmath>

namespace limner {
namespace {

bool is_whole(const Json& value) {
  return value.is_number_integer() ||
         (value.is_number_float() && std::floor(value.get<double>()) == value.get<double>());
}

bool has_kind(const Json& value, FieldKind kind) {
  switch (kind) {
    case FieldKind::text:
      return value.is_string();
    case FieldKind::whole:
    case FieldKind::seed:
      return is_whole(value);
    case FieldKind::number:
      return value.is_number();
    case FieldKind::flag:
      return value.is_boolean();
    case FieldKind::list:
      return value.is_array();
    case FieldKind::any:
      return true;
  }
  return false;
}

const char* kind_name(FieldKind kind) {
  switch (kind) {
    case FieldKind::text:
      return "a text";
    case FieldKind::whole:
    case FieldKind::seed:
      return "a whole number";
    case FieldKind::number:
      return "a number";
    case FieldKind::flag:
      return "true or false";
    case FieldKind::list:
      return "an array";
    case FieldKind::any:
      break;
  }
  return "";
}

}  // namespace

Result<void> check_kind(const std::string& name, const Json& value, FieldKind kind) {
  if (!has_kind(value, kind)) return invalid(name, fmt::format("is not {}", kind_name(kind)));
  // A number that fits no int would wrap into one that is allowed.
  if (kind == FieldKind::whole && std::abs(value.get<double>()) > 1e9)
    return invalid(name, fmt::format("{} is out of range", value.dump()));
  return {};
}

std::string_view kind_schema(FieldKind kind) {
  switch (kind) {
    case FieldKind::text:
      return R"({"type":["string","null"]})";
    case FieldKind::whole:
    case FieldKind::seed:
      return R"({"type":["integer","null"]})";
    case FieldKind::number:
      return R"({"type":["number","null"]})";
    case FieldKind::flag:
      return R"({"type":["boolean","null"]})";
    case FieldKind::list:
      return R"({"type":["array","null"]})";
    case FieldKind::any:
      break;
  }
  return "true";
}

}  // namespace limner
