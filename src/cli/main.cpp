// limner: the program.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/json.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/interrupt.h"

namespace limner {
namespace {

int report(const Error& error, bool json) {
  fmt::print(stderr, "limner: {}\n", error.text());
  if (json)
    fmt::print("{}\n", Json{{"error",
                             {{"code", code_name(error.code)},
                              {"field", error.field},
                              {"message", error.message},
                              {"hint", error.hint}}}}
                           .dump(-1, ' ', false, Json::error_handler_t::replace));
  return exit_status(error.code);
}

int run(int argc, char** argv) {
  CLI::App app("limner draws pictures from written briefs.", "limner");
  app.set_version_flag("--version", fmt::format("limner {} ({})", kVersion, kBuild));
  app.require_subcommand(1);
  CommandSlot slot;
  add_generate(app, slot);
  add_upscale(app, slot);
  add_inspect(app, slot);
  add_model(app, slot);
  add_lists(app, slot);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  watch_interrupts();
  Result<int> done = slot.run();
  return done ? *done : report(done.error(), slot.json);
}

}  // namespace
}  // namespace limner

int main(int argc, char** argv) {
  try {
    return limner::run(argc, argv);
  } catch (const std::bad_alloc&) {
    return limner::report(
        {limner::Code::exhausted, "", "out of memory", "draw smaller or with a smaller model"}, false);
  } catch (const std::exception& error) {
    return limner::report({limner::Code::internal, "", error.what(), ""}, false);
  }
}
