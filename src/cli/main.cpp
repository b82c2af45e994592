// limner: the program.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/exit_status.h"
#include "cli/interrupt.h"
#include "cli/printable.h"
#include "cli/weight_master_keys.h"

namespace limner {
namespace {

// Asked of the words themselves: a command line that cannot be parsed is to be answered in JSON too.
bool wants_json(int argc, char** argv) {
  return std::any_of(argv, argv + argc, [](const char* word) { return std::string_view(word) == "--json"; });
}

int report(const Error& error, bool json) {
  // Not fmt::print, which throws: where nobody listens there is nobody to tell.
  std::fputs(fmt::format("limner: {}\n", printable(error.text())).c_str(), stderr);
  if (json) {
    const Json text = {{"error",
                        {{"code", code_name(error.code)},
                         {"field", error.field},
                         {"message", error.message},
                         {"hint", error.hint}}}};
    std::puts(json_text(text, kOneLine).c_str());
  }
  return exit_status(error.code);
}

// The next file opened in place of a closed standard stream would get what is meant for people.
void hold_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) == -1) static_cast<void>(::open("/dev/null", O_RDWR));
}

Result<int> run_command(const CommandSlot& slot) {
  const int status = TRY(slot.run());
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    return Error{Code::exhausted, "", "standard output cannot be written to", ""};
  return status;
}

// libgomp's threads spin between parallel regions, which on a machine with other work takes the very cores
// that the others need (measured beside a compiler: a picture of the default model in 10 s instead of 0.6 s).
// Sleeping costs microseconds a region. The library reads the environment once, before main: so the program
// starts itself again.
void let_idle_threads_sleep(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") || std::getenv("GOMP_SPINCOUNT")) return;
  setenv("OMP_WAIT_POLICY", "passive", 1);
  execv("/proc/self/exe", argv);
  // Where that cannot be done, it runs as it is.
}

int run(int argc, char** argv) {
  CLI::App app("limner draws pictures from written briefs.", "limner");
  app.set_version_flag("--version", fmt::format("limner {} ({})", kVersion, kBuild));
  app.require_subcommand(0, 1);
  CommandSlot slot;
  add_generate(app, slot);
  add_upscale(app, slot);
  add_score(app, slot);
  add_inspect(app, slot);
  add_verify(app, slot);
  add_replay(app, slot);
  add_cert(app, slot);
  add_mark(app, slot);
  add_protect(app, slot);
  add_model(app, slot);
  add_lists(app, slot);
  add_serve(app, slot);
  add_config(app, slot);
  add_key(app, slot);
  add_tenant(app, slot);
  add_db(app, slot);
  add_encryption(app, slot);
  add_policy(app, slot);
  add_audit(app, slot);
  add_incident(app, slot);
  const bool json = wants_json(argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return report(invalid("", error.what(), "--help tells what there is"), json);
  }
  if (!slot.run) return report(invalid("", "no command was given", "--help tells what there is"), json);
  watch_interrupts();
  open_weights_with({});
  const Result<int> done = run_command(slot);
  return done ? *done : report(done.error(), json);
}

}  // namespace
}  // namespace limner

int main(int argc, char** argv) {
  limner::hold_standard_streams();
  limner::let_idle_threads_sleep(argv);
  try {
    return limner::run(argc, argv);
  } catch (const std::bad_alloc&) {
    return limner::report(
        {limner::Code::exhausted, "", "out of memory", "draw smaller or with a smaller model"},
        limner::wants_json(argc, argv));
  } catch (const std::exception& error) {
    return limner::report({limner::Code::internal, "", error.what(), ""}, limner::wants_json(argc, argv));
  }
}
