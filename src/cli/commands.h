#pragma once
// The subcommands. Each adds itself to the parser and leaves what is to be done; main runs the one that was
// named.

#include <functional>

#include "base/result.h"

namespace CLI {
class App;
}

namespace limner {

/// What a parsed subcommand does; its exit status when it did not fail.
using Command = std::function<Result<int>()>;

/// Where the subcommand that was named leaves what it does.
struct CommandSlot {
  Command run;
};

void add_generate(CLI::App& app, CommandSlot& slot);
void add_upscale(CLI::App& app, CommandSlot& slot);
void add_score(CLI::App& app, CommandSlot& slot);
void add_inspect(CLI::App& app, CommandSlot& slot);
void add_verify(CLI::App& app, CommandSlot& slot);
void add_replay(CLI::App& app, CommandSlot& slot);
void add_cert(CLI::App& app, CommandSlot& slot);
void add_mark(CLI::App& app, CommandSlot& slot);
void add_protect(CLI::App& app, CommandSlot& slot);
void add_model(CLI::App& app, CommandSlot& slot);
/// `model pull`, which `model` adds to itself.
void add_model_pull(CLI::App& model_command, CommandSlot& slot);
/// `model quantize`, likewise.
void add_model_quantize(CLI::App& model_command, CommandSlot& slot);
/// `model sign` and `model verify`, likewise.
void add_model_signing(CLI::App& model_command, CommandSlot& slot);
/// Adds encrypt, decrypt and rewrap to `limner model`.
void add_model_encryption(CLI::App& model_command, CommandSlot& slot);
void add_lists(CLI::App& app, CommandSlot& slot);
void add_serve(CLI::App& app, CommandSlot& slot);
void add_config(CLI::App& app, CommandSlot& slot);
void add_key(CLI::App& app, CommandSlot& slot);
void add_tenant(CLI::App& app, CommandSlot& slot);
void add_db(CLI::App& app, CommandSlot& slot);
void add_encryption(CLI::App& app, CommandSlot& slot);
void add_policy(CLI::App& app, CommandSlot& slot);
void add_audit(CLI::App& app, CommandSlot& slot);
void add_incident(CLI::App& app, CommandSlot& slot);

}  // namespace limner
