#include "cli/setting_value.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace limner {
namespace {

constexpr double kMebibyte = 1024.0 * 1024.0;

Error wrong(const Setting& setting, std::string_view said, std::string_view value, std::string_view allowed) {
  const std::string shown =
      setting.secret ? std::string("the value") : fmt::format("\"{}\"", value.substr(0, 100));
  return invalid(std::string(setting.name), fmt::format("{} is not {}, in {}", shown, allowed, said));
}

std::string text_of(const SettingValue& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>)
          return v;
        else
          return fmt::format("{}", v);
      },
      value);
}

Result<bool> as_bool(const Setting& setting, const SettingValue& value, std::string_view said) {
  if (const bool* flag = std::get_if<bool>(&value)) return *flag;
  return wrong(setting, said, text_of(value), "true or false");
}

Result<double> as_number(const Setting& setting, const SettingValue& value, std::string_view said,
                         bool whole) {
  double number = std::numeric_limits<double>::quiet_NaN();
  if (const int64_t* integer = std::get_if<int64_t>(&value)) number = static_cast<double>(*integer);
  if (const double* real = std::get_if<double>(&value)) number = *real;
  const bool allowed = std::isfinite(number) && number >= setting.minimum && number <= setting.maximum &&
                       (!whole || number == std::floor(number));
  if (allowed) return number;
  return wrong(
      setting, said, text_of(value),
      fmt::format("a {} from {} to {}", whole ? "whole number" : "number", setting.minimum, setting.maximum));
}

Result<std::string> as_text(const Setting& setting, const SettingValue& value, std::string_view said) {
  const std::string* text = std::get_if<std::string>(&value);
  if (!text || text->find('\0') != std::string::npos) return wrong(setting, said, text_of(value), "a text");
  if (setting.words.empty()) return *text;
  std::string_view rest = setting.words;
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find('|'));
    if (word == *text) return *text;
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  }
  return wrong(setting, said, *text, fmt::format("one of {}", setting.words));
}

/// Writes into each kind of place.
struct Put {
  const Setting& setting;
  const SettingValue& value;
  std::string_view said;

  Result<void> operator()(bool* place) const {
    *place = TRY(as_bool(setting, value, said));
    return {};
  }
  template <class Number>
  Result<void> operator()(Number* place) const {
    *place = static_cast<Number>(TRY(as_number(setting, value, said, std::is_integral_v<Number>)));
    return {};
  }
  Result<void> operator()(std::string* place) const {
    *place = TRY(as_text(setting, value, said));
    return {};
  }
  Result<void> operator()(std::filesystem::path* place) const {
    *place = TRY(as_text(setting, value, said));
    return {};
  }
  Result<void> operator()(Mebibytes place) const {
    *place.bytes = static_cast<size_t>(TRY(as_number(setting, value, said, false)) * kMebibyte);
    return {};
  }
  Result<void> operator()(Money place) const {
    // Through text: a price of 0.000001 must not become the nearest double.
    Result<int64_t> micros = parse_money(text_of(value), setting.name);
    if (!micros) return wrong(setting, said, text_of(value), "an amount of money such as 0.02");
    *place.micros = *micros;
    return {};
  }
  Result<void> operator()(Durability* place) const {
    *place = TRY(as_text(setting, value, said)) == "power" ? Durability::power : Durability::process;
    return {};
  }
};

}  // namespace

Result<void> set_setting(ServeConfig& config, const Setting& setting, const SettingValue& value,
                         std::string_view said) {
  return std::visit(Put{setting, value, said}, setting.place(config));
}

Result<void> set_setting_text(ServeConfig& config, const Setting& setting, const std::string& text,
                              std::string_view said) {
  const SettingPlace place = setting.place(config);
  if (std::holds_alternative<std::string*>(place) || std::holds_alternative<std::filesystem::path*>(place) ||
      std::holds_alternative<Durability*>(place) || std::holds_alternative<Money>(place))
    return set_setting(config, setting, text, said);
  if (text == "true" || text == "false") return set_setting(config, setting, text == "true", said);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    return set_setting(config, setting, text, said);
  return set_setting(config, setting, number, said);
}

Json setting_json(ServeConfig& config, const Setting& setting) {
  const SettingPlace place = setting.place(config);
  if (setting.secret) {
    const std::string* text = *std::get_if<std::string*>(&place);
    return text->empty() ? "" : "(set)";
  }
  return std::visit(
      [](auto at) -> Json {
        using Place = decltype(at);
        if constexpr (std::is_same_v<Place, Mebibytes>)
          return static_cast<double>(*at.bytes) / kMebibyte;
        else if constexpr (std::is_same_v<Place, Money>)
          return money_text(*at.micros);
        else if constexpr (std::is_same_v<Place, Durability*>)
          return *at == Durability::power ? "power" : "process";
        else if constexpr (std::is_same_v<Place, std::filesystem::path*>)
          return at->string();
        else
          return *at;
      },
      place);
}

}  // namespace limner
