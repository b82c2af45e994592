#pragma once
// Subcommands that work on the data folder of a server.

#include <CLI/CLI.hpp>
#include <memory>
#include <type_traits>

#include "cli/commands.h"
#include "cli/data_folder.h"

namespace limner {

/// Adds `name` to `command`, with --data and --json, which go into `data` and `json` of the flags that `run`
/// gets.
template <class Flags>
CLI::App* add_data_command(CLI::App& command, CommandSlot& slot, const char* name, const char* doc,
                           std::type_identity_t<Result<int> (*)(const Flags&)> run,
                           const std::shared_ptr<Flags>& flags) {
  CLI::App* sub = command.add_subcommand(name, doc);
  add_data_option(*sub, flags->data);
  sub->add_flag("--json", flags->json, "Print JSON");
  sub->callback([&slot, flags, run] { slot.run = [flags, run] { return run(*flags); }; });
  return sub;
}

}  // namespace limner
