// limner config: what `limner serve` would be told.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "cli/printable.h"
#include "cli/serve_config.h"

namespace limner {
namespace {

Result<int> check_config(const ServeFlags& flags, bool json) {
  const ServeConfig config = TRY(read_serve_config(flags));
  if (json)
    fmt::print("{}\n", json_text({{"valid", true}}, kOneLine));
  else
    fmt::print("valid\n");
  return 0;
}

Result<int> show_config(const ServeFlags& flags, bool json) {
  ServeConfig config = TRY(read_serve_config(flags));
  const Json all = serve_config_json(config);
  if (json) {
    fmt::print("{}\n", json_text(all));
    return 0;
  }
  for (const Setting& setting : serve_settings()) {
    const size_t dot = setting.name.find('.');
    const Json& value =
        all[std::string(setting.name.substr(0, dot))][std::string(setting.name.substr(dot + 1))];
    fmt::print("{} = {}{}{}\n", setting.name, value.dump(), setting.doc.empty() ? "" : "  # ", setting.doc);
  }
  return 0;
}

struct ConfigFlags {
  ServeFlags serve;
  bool json = false;
};

}  // namespace

void add_config(CLI::App& app, CommandSlot& slot) {
  auto flags = std::make_shared<ConfigFlags>();
  CLI::App* command = app.add_subcommand("config", "Check and show the configuration of `limner serve`");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* doc, auto run) {
    CLI::App* sub = command->add_subcommand(name, doc);
    sub->add_option("--config", flags->serve.config, "TOML file");
    sub->add_option("--listen", flags->serve.listen, "HOST:PORT");
    sub->add_option("--data", flags->serve.data, "Folder for ledger and pictures");
    sub->add_flag("--json", flags->json, "Print JSON");
    sub->callback(
        [flags, &slot, run] { slot.run = [flags, run] { return run(flags->serve, flags->json); }; });
  };
  add("check", "Whether it is valid", check_config);
  add("show", "Every setting as it is in force; secrets are not shown", show_config);
}

}  // namespace limner
