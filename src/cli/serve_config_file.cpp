#include "cli/serve_config_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cstdlib>

#include "base/files.h"
#include "cli/setting_value.h"

namespace limner {
namespace {

constexpr size_t kFileBytesMax = 1u << 20;

class ConfigFile {
 public:
  ConfigFile(ServeConfig& config, const std::filesystem::path& path) : config_(config), path_(path) {}

  Result<void> read(const toml::table& root) {
    for (const auto& [key, node] : root) {
      const std::string section(key.str());
      // [[models]] is taken too, but cannot stand beside the settings of [models].
      if ((section == "model" || section == "models") && node.is_array()) {
        TRY(read_models(*node.as_array()));
      } else if (const toml::table* table = node.as_table()) {
        TRY(read_section(section, *table));
      } else {
        return unknown(section, node);
      }
    }
    return {};
  }

 private:
  std::string place(const toml::node& node) const {
    return fmt::format("{}:{}", path_.string(), node.source().begin.line);
  }
  Error unknown(std::string_view key, const toml::node& node) const {
    return invalid(std::string(key), fmt::format("is no setting, in {}", place(node)),
                   "`limner config show` lists what there is; [[model]] is an array of tables");
  }

  Result<SettingValue> value_of(std::string_view key, const toml::node& node) const {
    if (const auto* flag = node.as_boolean()) return SettingValue(flag->get());
    if (const auto* integer = node.as_integer()) return SettingValue(integer->get());
    if (const auto* real = node.as_floating_point()) return SettingValue(real->get());
    if (const auto* text = node.as_string()) return SettingValue(text->get());
    return invalid(std::string(key),
                   fmt::format("is neither a number, a text, true nor false, in {}", place(node)));
  }

  Result<void> read_section(const std::string& section, const toml::table& table) {
    for (const auto& [key, node] : table) {
      const std::string name = fmt::format("{}.{}", section, key.str());
      if (name == "prices.models" && node.is_table()) {
        TRY(read_prices(*node.as_table()));
        continue;
      }
      const std::span<const Setting> all = serve_settings();
      const auto setting =
          std::find_if(all.begin(), all.end(), [&](const Setting& s) { return s.name == name; });
      if (setting == all.end()) return unknown(name, node);
      const SettingValue value = TRY(value_of(name, node));
      TRY(set_setting(config_, *setting, value, place(node)));
    }
    return {};
  }

  Result<std::string> text_of(const std::string& key, const toml::node& node) const {
    if (const auto* text = node.as_string()) return text->get();
    return invalid(key, fmt::format("is no text, in {}", place(node)));
  }
  Result<double> number_of(const std::string& key, const toml::node& node, double least, double most) const {
    const auto number = node.value<double>();
    if (number && *number >= least && *number <= most) return *number;
    return invalid(key, fmt::format("is no number from {} to {}, in {}", least, most, place(node)));
  }
  Result<int64_t> money_of(const std::string& key, const toml::node& node) const {
    const SettingValue value = TRY(value_of(key, node));
    const std::string text = std::visit(
        [](const auto& v) -> std::string {
          if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>)
            return v;
          else
            return fmt::format("{}", v);
        },
        value);
    return parse_money(text, key);
  }

  Result<void> read_prices(const toml::table& models) {
    for (const auto& [model, node] : models) {
      const std::string field = fmt::format("prices.models.{}", model.str());
      const toml::table* table = node.as_table();
      if (!table) return unknown(field, node);
      Rate rate = config_.prices.standard;
      for (const auto& [key, price] : *table) {
        const std::string name = fmt::format("{}.{}", field, key.str());
        int64_t* place = key == "engine_second"     ? &rate.engine_second
                         : key == "picture"         ? &rate.picture
                         : key == "megapixel"       ? &rate.megapixel
                         : key == "gigabyte_stored" ? &rate.gigabyte_stored
                         : key == "gigabyte_sent"   ? &rate.gigabyte_sent
                                                    : nullptr;
        if (!place) return unknown(name, price);
        *place = TRY(money_of(name, price));
      }
      config_.prices.models[std::string(model.str())] = rate;
    }
    return {};
  }

  Result<void> read_models(const toml::array& models) {
    for (const toml::node& node : models) {
      const toml::table* table = node.as_table();
      if (!table) return unknown("model", node);
      const ModelEntry entry = TRY(read_model(*table));
      config_.catalogue.models.push_back(entry);
    }
    return {};
  }

  Result<ModelEntry> read_model(const toml::table& table) {
    ModelEntry entry;
    for (const auto& [key, node] : table) {
      const std::string name = fmt::format("model.{}", key.str());
      if (key == "name")
        entry.name = TRY(text_of(name, node));
      else if (key == "path")
        entry.path = TRY(text_of(name, node));
      else if (key == "dtype")
        entry.dtype = TRY(text_of(name, node));
      else if (key == "sha256")
        entry.sha256 = TRY(text_of(name, node));
      else if (key == "fallback")
        entry.fallback = TRY(text_of(name, node));
      else if (key == "warm" && node.is_boolean())
        entry.warm = node.as_boolean()->get();
      else if (key == "aliases" && node.is_array())
        entry.aliases = TRY(texts_of(name, *node.as_array()));
      else if (key == "provider" && node.is_table())
        entry.provider = TRY(read_provider(*node.as_table()));
      else
        return unknown(name, node);
    }
    if (entry.name.empty()) return invalid("model.name", fmt::format("is missing, in {}", place(table)));
    if (entry.path.empty() == !entry.provider)
      return invalid(fmt::format("model: {}", entry.name),
                     fmt::format("needs either a path or a provider, in {}", place(table)));
    if (entry.provider) entry.provider->fallback = entry.fallback;
    return entry;
  }

  Result<std::vector<std::string>> texts_of(const std::string& key, const toml::array& array) const {
    std::vector<std::string> texts;
    for (const toml::node& node : array) {
      std::string text = TRY(text_of(key, node));
      texts.push_back(std::move(text));
    }
    return texts;
  }

  Result<ProviderConfig> read_provider(const toml::table& table) {
    ProviderConfig provider;
    for (const auto& [key, node] : table) {
      const std::string name = fmt::format("model.provider.{}", key.str());
      if (key == "url")
        provider.url = TRY(text_of(name, node));
      else if (key == "model")
        provider.model = TRY(text_of(name, node));
      else if (key == "api_key")
        provider.api_key = TRY(text_of(name, node));
      else if (key == "api_key_env")
        provider.api_key = TRY(environment(name, node));
      else if (key == "timeout_seconds")
        provider.timeout_seconds = TRY(number_of(name, node, 0.1, 3600));
      else if (key == "retry_budget")
        provider.retry_budget = TRY(number_of(name, node, 0, 10));
      else if (key == "breaker_failures")
        provider.breaker_failures = static_cast<int>(TRY(number_of(name, node, 1, 1e6)));
      else if (key == "breaker_seconds")
        provider.breaker_seconds = TRY(number_of(name, node, 0.1, 86400));
      else if (key == "concurrent_max")
        provider.concurrent_max = static_cast<int>(TRY(number_of(name, node, 1, 1000)));
      else if (key == "price_picture")
        provider.price_picture_micros = TRY(money_of(name, node));
      else
        return unknown(name, node);
    }
    TRY(parse_url(provider.url, "model.provider.url"));
    return provider;
  }

  Result<std::string> environment(const std::string& key, const toml::node& node) const {
    const std::string variable = TRY(text_of(key, node));
    const char* value = std::getenv(variable.c_str());
    if (!value) return invalid(key, fmt::format("names {}, which is not set, in {}", variable, place(node)));
    return std::string(value);
  }

  ServeConfig& config_;
  const std::filesystem::path& path_;
};

}  // namespace

Result<void> read_config_file(ServeConfig& config, const std::filesystem::path& path) {
  const std::string text = TRY(read_file(path, kFileBytesMax));
  toml::table root;
  try {
    root = toml::parse(text, path.string());
  } catch (const toml::parse_error& error) {
    return invalid(fmt::format("{}:{}", path.string(), error.source().begin.line),
                   fmt::format("is no TOML: {}", error.description()));
  }
  return ConfigFile(config, path).read(root);
}

}  // namespace limner
