// limner encryption: the keys that a server's files are encrypted with are made, changed and forgotten.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>

#include "cli/data_command.h"
#include "cli/model_weight_files.h"
#include "cli/printable.h"
#include "cli/server_store.h"
#include "cli/weight_master_keys.h"
#include "jobs/picture_keys.h"
#include "store/encrypted_store.h"
#include "store/master_keys.h"

namespace limner {
namespace {

struct EncryptionFlags {
  std::filesystem::path data, config, file;
  std::string tenant;
  bool keep_old = false, json = false;
};

Result<int> make_master_key(const EncryptionFlags& flags) {
  const MasterKeys keys = MasterKeys::make();
  TRY(keys.write(flags.file, true));
  if (flags.json)
    fmt::print("{}\n", json_text({{"file", flags.file.string()}, {"master", keys.id()}}, kOneLine));
  else
    fmt::print("{}\n", flags.file.string());
  return 0;
}

Result<ServeConfig> config_of(const EncryptionFlags& flags) {
  ServeConfig config = TRY(read_serve_config({.config = flags.config, .data = flags.data, .listen = {}}));
  if (config.master_key.empty())
    return invalid("encryption.master_key", "is not set",
                   "--config FILE names the configuration of the server");
  return config;
}

Result<int> show_status(const EncryptionFlags& flags) {
  const SystemClock clock;
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, false, clock));
  const std::string master = TRY(ledger->data_keys().master());
  std::map<std::string, std::pair<int, int>> counts;  // by tenant: keys that are there, forgotten ones
  for (const WrappedDataKey& key : TRY(ledger->data_keys().list()))
    ++(key.forgotten ? counts[key.tenant].second : counts[key.tenant].first);
  Json tenants = Json::array();
  for (const auto& [id, count] : counts) {
    const Tenant tenant = TRY(ledger->tenants().find(id));
    tenants.push_back({{"tenant", tenant.name}, {"keys", count.first}, {"forgotten", count.second}});
    if (!flags.json)
      fmt::print("{:<24} {}{}\n", printable(tenant.name), count.first ? "has a key" : "has no key",
                 count.second ? fmt::format(", {} forgotten", count.second) : "");
  }
  if (flags.json)
    fmt::print("{}\n", json_text({{"master", master}, {"tenants", tenants}}));
  else
    fmt::print("wrapped by the master key {}\n", master.empty() ? "-" : master);
  return 0;
}

// Those that lie in the model folders; of others the old key is still needed.
Result<int> rewrap_all_weights(const std::filesystem::path& master_key) {
  const std::vector<std::filesystem::path> files = TRY(sealed_weights_in_model_folders());
  if (files.empty()) return 0;
  const std::shared_ptr<WeightKeys> keys = TRY(read_weight_keys(master_key));
  int ours = 0;
  for (const std::filesystem::path& file : files) {
    const Result<bool> rewrapped = rewrap_weights(file, *keys);
    // Of another master key, which is not changed here.
    if (!rewrapped && rewrapped.error().code == Code::unavailable) continue;
    if (!rewrapped) return rewrapped.error();
    ++ours;
  }
  return ours;
}

// In this order: whatever ends it in between, the file has the key by which the ledger's are wrapped.
Result<int> rotate_master(const EncryptionFlags& flags) {
  const SystemClock clock;
  const ServeConfig config = TRY(config_of(flags));
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, false, clock));
  const MasterKeys both = TRY(MasterKeys::read(config.master_key)).with_new();
  TRY(both.write(config.master_key, false));
  const auto wrap_again = [&](const WrappedDataKey& key) -> Result<std::string> {
    const DataKey open = TRY(both.unwrap(key.wrapped, key.id, key.tenant, key.master));
    return both.wrap(open, key.tenant, both.id());
  };
  const int count = TRY(ledger->data_keys().rewrap(both.id(), wrap_again, this_person()));
  const int weights = TRY(rewrap_all_weights(config.master_key));
  if (!flags.keep_old) TRY(both.newest().write(config.master_key, false));
  if (flags.json)
    fmt::print("{}\n",
               json_text({{"master", both.id()}, {"data_keys", count}, {"weight_files", weights}}, kOneLine));
  else
    fmt::print("{} data keys and {} files of weights are wrapped by the master key {}\n", count, weights,
               both.id());
  return 0;
}

struct Encrypted {
  int encrypted = 0, seen = 0;
  int64_t texts = 0;
};

Result<void> encrypt_all(EncryptedStore& store, std::string_view prefix, Encrypted& applied) {
  Result<void> done;
  // What it is as long as it lies there; a picture that is replaced meanwhile is encrypted already.
  TRY(store.list(prefix, [&](const ObjectInfo& object) {
    ++applied.seen;
    const Result<bool> encrypted = store.encrypt_in_place(object.key, SIZE_MAX);
    if (!encrypted)
      done = encrypted.error();
    else
      applied.encrypted += *encrypted;
    return done.has_value();
  }));
  return done;
}

Result<int> encrypt_stored(const EncryptionFlags& flags) {
  const SystemClock clock;
  const ServeConfig config = TRY(config_of(flags));
  const OpenedLedger opened = TRY(open_server_ledger(config, clock));
  const std::unique_ptr<Ledger>& ledger = opened.ledger;
  const std::unique_ptr<TenantKeys> keys = TRY(open_tenant_keys(opened.master_keys.get(), *ledger));
  HttpClient http;
  Encrypted applied;
  applied.texts = TRY(ledger->seal_texts());
  for (std::unique_ptr<Store>& bare : TRY(open_bare_stores(config, http, clock))) {
    EncryptedStore store(std::move(bare), *keys);
    for (const std::string_view prefix : {kPicturePrefix, kUploadPrefix, kStagePrefix})
      TRY(encrypt_all(store, prefix, applied));
  }
  TRY(ledger->audit().record({"encryption.apply",
                              this_person(),
                              {"settings", ""},
                              {{"encrypted", applied.encrypted}, {"texts", applied.texts}}}));
  // So that what the ledger said before does not lie in its log any more.
  TRY(ledger->settle());
  if (flags.json)
    fmt::print(
        "{}\n",
        json_text({{"encrypted", applied.encrypted}, {"objects", applied.seen}, {"texts", applied.texts}},
                  kOneLine));
  else
    fmt::print("{} of {} objects and {} texts were not encrypted, and are now\n", applied.encrypted,
               applied.seen, applied.texts);
  return 0;
}

Result<int> shred(const EncryptionFlags& flags) {
  const SystemClock clock;
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, false, clock));
  const Tenant tenant = TRY(ledger->tenants().find_by_name(flags.tenant));
  const int forgotten = TRY(ledger->data_keys().forget(tenant.id, clock.now(), this_person()));
  // So that the key does not lie in the ledger's log any more.
  TRY(ledger->settle());
  if (flags.json)
    fmt::print("{}\n", json_text({{"tenant", tenant.id}, {"forgotten", forgotten}}, kOneLine));
  else
    fmt::print("{} keys of {} are forgotten\n", forgotten, printable(tenant.name));
  return 0;
}

}  // namespace

void add_encryption(CLI::App& app, CommandSlot& slot) {
  auto flags = std::make_shared<EncryptionFlags>();
  CLI::App* command =
      app.add_subcommand("encryption", "Make, change and forget the keys that a server's files are under");
  command->require_subcommand(1);
  CLI::App* made = command->add_subcommand("init", "Make a master key, for encryption.master_key");
  made->add_option("file", flags->file, "The file to make")->required();
  made->add_flag("--json", flags->json, "Print JSON");
  made->callback([&slot, flags] { slot.run = [flags] { return make_master_key(*flags); }; });
  add_data_command(*command, slot, "status", "Which tenants have keys, and under which master key",
                   show_status, flags);
  CLI::App* applied =
      add_data_command(*command, slot, "apply", "Encrypt what was stored before; the server may be running",
                       encrypt_stored, flags);
  CLI::App* rotated = add_data_command(*command, slot, "rotate",
                                       "Wrap all data keys by a new master key; the server may be running",
                                       rotate_master, flags);
  for (CLI::App* sub : {applied, rotated})
    sub->add_option("--config", flags->config,
                    "Configuration file of the server, which names store and master key");
  rotated->add_flag("--keep-old", flags->keep_old,
                    "Leave the old master key in the file, for backups of the ledger");
  add_data_command(*command, slot, "shred", "Forget a tenant's key: nobody can read its files any more",
                   shred, flags)
      ->add_option("tenant", flags->tenant, "Its name")
      ->required();
}

}  // namespace limner
