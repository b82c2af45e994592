// limner model encrypt, decrypt, rewrap: weights that nobody can read who has only the disk.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/model_weight_files.h"
#include "cli/printable.h"
#include "cli/serve_config.h"
#include "cli/weight_master_keys.h"
#include "engine/model_library.h"
#include "engine/packed_cache.h"

namespace limner {
namespace {

struct ModelEncryptionFlags {
  std::string model;
  std::filesystem::path master_key, config;
  bool json = false;
};

Result<std::filesystem::path> master_file_of(const ModelEncryptionFlags& flags) {
  if (!flags.master_key.empty() || flags.config.empty()) return flags.master_key;
  const ServeConfig config = TRY(read_serve_config({.config = flags.config, .data = {}, .listen = {}}));
  if (config.master_key.empty()) return invalid("encryption.master_key", "is not set", "--master-key FILE");
  return config.master_key;
}

using ChangeFile = Result<bool>(const std::filesystem::path&, WeightKeys&);

// Each file whole or not at all; who runs it again goes on where it ended.
Result<int> change_files(const ModelEncryptionFlags& flags, ChangeFile* change, std::string_view done) {
  const std::filesystem::path master = TRY(master_file_of(flags));
  open_weights_with(master);
  const std::shared_ptr<WeightKeys> keys = TRY(read_weight_keys(master));
  const std::vector<std::filesystem::path> files = TRY(weight_files_below(TRY(find_model(flags.model))));
  int changed = 0;
  for (const std::filesystem::path& file : files) changed += TRY(change(file, *keys));
  if (flags.json)
    fmt::print("{}\n", json_text({{"changed", changed}, {"files", files.size()}}, kOneLine));
  else
    fmt::print("{} of {} files were {}\n", changed, files.size(), done);
  return 0;
}

Result<int> encrypt_model(const ModelEncryptionFlags& flags) {
  const Result<int> done = change_files(flags, seal_weights, "encrypted");
  // Among what is kept could be these weights, as they are computed with.
  if (done) TRY(forget_packed());
  return done;
}

Result<bool> unseal_file(const std::filesystem::path& path, WeightKeys&) { return unseal_weights(path); }

Result<int> decrypt_model(const ModelEncryptionFlags& flags) {
  return change_files(flags, unseal_file, "decrypted");
}

Result<bool> rewrap_file(const std::filesystem::path& path, WeightKeys& keys) {
  if (!TRY(is_sealed_weights(path))) return false;
  return rewrap_weights(path, keys);
}

Result<int> rewrap_model(const ModelEncryptionFlags& flags) {
  return change_files(flags, rewrap_file, "wrapped anew");
}

}  // namespace

void add_model_encryption(CLI::App& model_command, CommandSlot& slot) {
  auto flags = std::make_shared<ModelEncryptionFlags>();
  const auto add = [&](const char* name, const char* doc, Result<int> (*run)(const ModelEncryptionFlags&)) {
    CLI::App* sub = model_command.add_subcommand(name, doc);
    sub->add_option("model", flags->model, "Name or path")->required();
    sub->add_option("--master-key", flags->master_key,
                    "File of the master key (default: what LIMNER_ENCRYPTION_MASTER_KEY names)");
    sub->add_option("--config", flags->config, "Configuration file of a server, which names the master key");
    sub->add_flag("--json", flags->json, "Print JSON");
    sub->callback([&slot, flags, run] { slot.run = [flags, run] { return run(*flags); }; });
  };
  add("encrypt", "Encrypt a model's weights by a master key (limner encryption init)", encrypt_model);
  add("decrypt", "Write a model's weights as they were before", decrypt_model);
  add("rewrap", "Wrap the keys of a model's weights by the newest master key of the file", rewrap_model);
}

}  // namespace limner
