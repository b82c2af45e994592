// limner samplers, limner schedules: the names one may draw with.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/printable.h"
#include "engine/engine.h"

namespace limner {
namespace {

Result<int> print_names(const std::vector<ListedName>& names, bool json) {
  Json array = Json::array();
  for (const ListedName& name : names) {
    if (!json) fmt::print("{:<22} {:<16} {}\n", name.name, name.title, name.doc);
    array.push_back({{"name", name.name}, {"title", name.title}, {"doc", name.doc}});
  }
  if (json) fmt::print("{}\n", json_text(array));
  return 0;
}

void add_list(CLI::App& app, CommandSlot& slot, const char* name, const char* doc,
              std::vector<ListedName> (*list)()) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand(name, doc);
  command->add_flag("--json", *json, "Print JSON");
  command->callback([json, list, &slot] { slot.run = [json, list] { return print_names(list(), *json); }; });
}

}  // namespace

void add_lists(CLI::App& app, CommandSlot& slot) {
  add_list(app, slot, "samplers", "The samplers", list_samplers);
  add_list(app, slot, "schedules", "The noise schedules", list_schedules);
}

}  // namespace limner
