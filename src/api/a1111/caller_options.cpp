#include "api/a1111/caller_options.h"

#include <fmt/format.h>

#include <algorithm>

namespace limner {
namespace {

std::string setting_name(const Caller& caller) { return "a1111_options:" + caller.key.id; }

Error wrong_option(const std::string& name, const Json& value, std::string_view allowed) {
  return invalid(name, fmt::format("{} is not {}", value.dump().substr(0, 100), allowed));
}

Result<std::string> option_text(const std::string& name, const Json& value) {
  if (!value.is_string()) return wrong_option(name, value, "a text");
  return value.get<std::string>();
}

Result<void> set_model(CallerOptions& options, const std::string& name, const Json& value,
                       const Catalogue& catalogue) {
  const std::string title = TRY(option_text(name, value));
  if (title.empty()) {
    options.model.clear();
    return {};
  }
  const ModelEntry entry = TRY(model_of_title(catalogue, title));
  options.model = entry.name;
  return {};
}

Result<void> set_vae(CallerOptions& options, const std::string& name, const Json& value,
                     const Catalogue& catalogue) {
  const std::string vae = TRY(option_text(name, value));
  if (vae.empty() || vae == "None" || vae == "Automatic") {
    options.vae = "Automatic";
    return {};
  }
  const AdapterEntry entry = TRY(catalogue.find_adapter(AdapterKind::vae, vae, "sd_vae"));
  options.vae = entry.name;
  return {};
}

Result<void> set_format(CallerOptions& options, const std::string& name, const Json& value) {
  const std::string format = TRY(option_text(name, value));
  if (format != "png" && format != "jpg" && format != "jpeg" && format != "webp")
    return wrong_option(name, value, "one of png, jpg, webp");
  options.format = format == "jpg" ? "jpeg" : format;
  return {};
}

Result<void> set_noise(CallerOptions& options, const std::string& name, const Json& value) {
  const std::string source = TRY(option_text(name, value));
  if (source != "CPU" && source != "GPU" && source != "NV")
    return wrong_option(name, value, "one of CPU, GPU, NV");
  options.noise = source == "CPU" ? "torch" : "philox";
  return {};
}

Result<void> set_clip_skip(CallerOptions& options, const std::string& name, const Json& value) {
  if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > 12)
    return wrong_option(name, value, "a number from 1 to 12");
  options.clip_skip = std::max(1, static_cast<int>(value.get<double>()));
  return {};
}

// Where and how A1111 writes files, what its pages show: nothing of it decides what a picture looks like
// here.
bool is_about_the_pages(std::string_view name) {
  constexpr std::string_view kPrefixes[] = {
      "outdir_",      "save_",         "samples_",       "grid_",         "directories_",
      "live_preview", "show_",         "enable_pnginfo", "notification_", "ui_",
      "hidden_",      "quicksettings", "return_",        "do_not_",       "use_original_",
      "font",         "localization",  "api_",           "forge_preset"};
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

Result<void> set_option(CallerOptions& options, const std::string& name, const Json& value,
                        const Catalogue& catalogue) {
  if (name == "sd_model_checkpoint") return set_model(options, name, value, catalogue);
  if (name == "sd_vae") return set_vae(options, name, value, catalogue);
  if (name == "CLIP_stop_at_last_layers") return set_clip_skip(options, name, value);
  if (name == "samples_format") return set_format(options, name, value);
  if (name == "randn_source") return set_noise(options, name, value);
  if (is_neutral(value) || is_about_the_pages(name)) return {};
  return unsupported(name.substr(0, 80),
                     fmt::format("{} would have no effect here", value.dump().substr(0, 100)),
                     "leave it away");
}

}  // namespace

bool is_neutral(const Json& value) {
  if (value.is_null()) return true;
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number()) return value.get<double>() == 0;
  if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    return text.empty() || text == "None" || text == "none" || text == "Automatic";
  }
  return value.empty();
}

Result<CallerOptions> read_caller_options(Services& services, const Caller& caller) {
  CallerOptions options;
  const std::optional<Json> kept = TRY(services.ledger.settings().get(setting_name(caller)));
  if (!kept) return options;
  options.model = kept->value("model", options.model);
  options.vae = kept->value("vae", options.vae);
  options.clip_skip = kept->value("clip_skip", options.clip_skip);
  options.format = kept->value("format", options.format);
  options.noise = kept->value("noise", options.noise);
  return options;
}

Result<void> write_caller_options(Services& services, const Caller& caller, const CallerOptions& options) {
  return services.ledger.settings().set(setting_name(caller), {{"model", options.model},
                                                               {"vae", options.vae},
                                                               {"clip_skip", options.clip_skip},
                                                               {"format", options.format},
                                                               {"noise", options.noise}});
}

Json options_json(const CallerOptions& options, const Catalogue& catalogue) {
  const Result<ModelEntry> entry = catalogue.find(options.model);
  return {{"sd_model_checkpoint", entry ? model_title(*entry) : ""},
          {"sd_checkpoint_hash", entry ? entry->sha256 : ""},
          {"sd_vae", options.vae},
          {"CLIP_stop_at_last_layers", options.clip_skip},
          {"samples_format", options.format == "jpeg" ? "jpg" : options.format},
          {"randn_source", options.noise == "torch" ? "CPU" : "GPU"},
          {"enable_pnginfo", true},
          {"samples_save", true},
          {"live_previews_enable", true},
          {"show_progress_every_n_steps", 5}};
}

Result<void> set_options(CallerOptions& options, const Json& json, const Catalogue& catalogue) {
  if (!json.is_object()) return invalid("options", "are no JSON object");
  for (const auto& [name, value] : json.items()) TRY(set_option(options, name, value, catalogue));
  return {};
}

std::string model_title(const ModelEntry& entry) { return entry.name; }

Result<ModelEntry> model_of_title(const Catalogue& catalogue, std::string_view title) {
  std::string name(title.substr(0, title.find(" [")));
  Result<ModelEntry> found = catalogue.find(name);
  if (found) return found;
  constexpr std::string_view kEnding = ".safetensors";
  if (name.ends_with(kEnding)) return catalogue.find(name.substr(0, name.size() - kEnding.size()));
  return found;
}

}  // namespace limner
