#pragma once
// Values of settings: from text as the environment has them, from the types a file has, and back.

#include <string>
#include <string_view>
#include <variant>

#include "cli/serve_config.h"

namespace limner {

/// A value as a TOML file holds it.
using SettingValue = std::variant<bool, int64_t, double, std::string>;

/// Puts `value` where the setting lives. `said` names where it was said ("limner.toml:12",
/// "LIMNER_SERVER_PORT"); `invalid` has it and what is allowed.
Result<void> set_setting(ServeConfig& config, const Setting& setting, const SettingValue& value,
                         std::string_view said);
/// The same from text, which may stand for any type.
Result<void> set_setting_text(ServeConfig& config, const Setting& setting, const std::string& text,
                              std::string_view said);
Json setting_json(ServeConfig& config, const Setting& setting);

}  // namespace limner
