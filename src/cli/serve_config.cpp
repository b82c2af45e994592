#include "cli/serve_config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/crypto.h"
#include "base/sha256.h"
#include "cli/serve_config_file.h"
#include "cli/setting_value.h"

extern char** environ;

namespace limner {
namespace {

std::string environment_name(std::string_view setting) {
  std::string name = "LIMNER_";
  for (const char c : setting)
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

// Whether an unknown LIMNER_X_Y looks like a setting: its first word is a section. Others (LIMNER_MODELS,
// ...) are no business of this file.
bool in_a_section(std::string_view variable) {
  for (const Setting& setting : serve_settings()) {
    const std::string section = environment_name(setting.name.substr(0, setting.name.find('.'))) + "_";
    if (variable.starts_with(section)) return true;
  }
  return false;
}

Result<void> read_environment(ServeConfig& config) {
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text(*entry);
    const std::string_view variable = text.substr(0, text.find('='));
    if (!variable.starts_with("LIMNER_") || variable.size() == text.size()) continue;
    const std::span<const Setting> all = serve_settings();
    const auto setting = std::find_if(all.begin(), all.end(),
                                      [&](const Setting& s) { return environment_name(s.name) == variable; });
    if (setting != all.end())
      TRY(set_setting_text(config, *setting, std::string(text.substr(variable.size() + 1)), variable));
    else if (in_a_section(variable))
      return invalid(std::string(variable), "is no setting", "`limner config show` lists what there is");
  }
  return {};
}

Result<void> apply_listen(ServeConfig& config, const std::string& listen) {
  const size_t colon = listen.rfind(':');
  int port = -1;
  if (colon != std::string::npos)
    std::from_chars(listen.data() + colon + 1, listen.data() + listen.size(), port);
  if (colon == std::string::npos || port < 0 || port > 65535)
    return invalid("listen", fmt::format("\"{}\" is not HOST:PORT", listen.substr(0, 100)));
  config.http.address = listen.substr(0, colon);
  config.http.port = port;
  return {};
}

Result<void> check_together(const ServeConfig& config) {
  if (config.http.tls_certificate.empty() != config.http.tls_key.empty())
    return invalid("server.tls_key", "goes with server.tls_certificate: give both or none");
  if (config.worker.scheduler.realtime_open >= config.worker.scheduler.open_max)
    return invalid("scheduler.realtime_open", "leaves nothing of scheduler.open_max to the other tiers");
  if (config.http.allow_anonymous && config.http.address != "127.0.0.1" && config.http.address != "::1" &&
      config.http.address != "localhost")
    return invalid("server.allow_anonymous",
                   fmt::format("would let anybody who reaches {} draw", config.http.address),
                   "listen on 127.0.0.1, or make keys: limner key create");
  if (config.catalogue.signatures.required && config.trusted_signers.empty())
    return invalid("models.require_signature", "needs models.trusted_signers: whose signatures are meant?");
  return Catalogue::check(config.catalogue);
}

// The engine maps uploaded LoRAs as files. Where stored files are encrypted, these are in memory; one folder
// a data folder, so that a start finds what a server that was killed has left.
std::filesystem::path scratch_folder(const ServeConfig& config) {
  if (config.master_key.empty()) return config.data / "scratch";
  std::error_code ignored;
  const std::string data = std::filesystem::absolute(config.data, ignored).string();
  return std::filesystem::path("/dev/shm") /
         fmt::format("limner-{}-{}", ::getuid(), sha256_hex(as_bytes(data)).substr(0, 16));
}

}  // namespace

std::filesystem::path ledger_path(const std::filesystem::path& data) { return data / "ledger.sqlite"; }

std::filesystem::path default_data_folder() {
  const char* data_home = std::getenv("XDG_DATA_HOME");
  if (data_home && *data_home == '/') return std::filesystem::path(data_home) / "limner" / "server";
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home ? home : ".") / ".local" / "share" / "limner" / "server";
}

Result<ServeConfig> read_serve_config(const ServeFlags& flags) {
  ServeConfig config;
  if (!flags.config.empty()) TRY(read_config_file(config, flags.config));
  TRY(read_environment(config));
  if (!flags.listen.empty()) TRY(apply_listen(config, flags.listen));
  config.data = flags.data.empty() ? default_data_folder() : flags.data;
  config.ledger.path = ledger_path(config.data);
  if (config.store.url.empty()) config.store.url = "file:" + (config.data / "store").string();
  config.worker.scratch = scratch_folder(config);
  config.marking.folder = config.data;
  config.worker.profile = config.data / "costs.json";
  config.worker.attempts_max = config.jobs.attempts_max;
  config.jobs.admission.rows_max = config.worker.scheduler.rows_max;
  config.jobs.webhooks_allow_private = config.housekeeping.webhooks_allow_private;
  TRY(check_together(config));
  config.catalogue.signatures.exempt = config.worker.scratch;
  return config;
}

Json serve_config_json(ServeConfig& config) {
  Json all = Json::object();
  for (const Setting& setting : serve_settings()) {
    const size_t dot = setting.name.find('.');
    all[std::string(setting.name.substr(0, dot))][std::string(setting.name.substr(dot + 1))] =
        setting_json(config, setting);
  }
  Json models = Json::array();
  for (const ModelEntry& entry : config.catalogue.models)
    models.push_back({{"name", entry.name},
                      {"aliases", entry.aliases},
                      {"path", entry.path.string()},
                      {"warm", entry.warm},
                      {"fallback", entry.fallback},
                      {"provider", entry.provider ? entry.provider->url : ""}});
  all["models"]["list"] = std::move(models);
  return all;
}

}  // namespace limner
