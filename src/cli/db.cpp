// limner db: the ledger of a server is checked, copied away and put back.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>

#include "base/folder_lock.h"
#include "cli/data_command.h"
#include "cli/printable.h"
#include "cli/server_store.h"
#include "jobs/orphan_sweep.h"
#include "store/sealed_object.h"

namespace limner {
namespace {

struct DbFlags {
  std::filesystem::path data, config, file;
  bool storeless = false, replace = false, json = false;
};

Result<bool> exists_in(const std::vector<std::unique_ptr<Store>>& stores, const std::string& key,
                       uint64_t bytes) {
  for (const std::unique_ptr<Store>& store : stores) {
    const Result<ObjectInfo> object = store->head(key);
    if (object && object->bytes == bytes) return true;
    if (!object && object.error().code != Code::not_found) return object.error();
  }
  return false;
}

/// What a ledger and its store do not agree on.
struct Findings {
  std::vector<Disagreement> disagreements;
  std::vector<std::string> orphans;  ///< objects that no row points to: a running server deletes them
};

Result<std::vector<std::string>> find_orphans(const DbFlags& flags, const ServeConfig& config,
                                              MasterKeyFile* master_keys,
                                              const std::vector<std::unique_ptr<Store>>& stores,
                                              const Clock& clock) {
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, false, clock, master_keys));
  const auto orphan_us = static_cast<TimeUs>(config.housekeeping.orphan_seconds * kSecondUs);
  std::vector<std::string> orphans;
  for (const std::unique_ptr<Store>& store : stores) {
    std::vector<std::string> found = TRY(OrphanSweep(*ledger, *store, clock.now(), orphan_us).find());
    std::ranges::move(found, std::back_inserter(orphans));
  }
  return orphans;
}

Result<Findings> find_disagreements(const DbFlags& flags) {
  const SystemClock clock;
  const ServeConfig config =
      TRY(read_serve_config({.config = flags.config, .data = flags.data, .listen = {}}));
  const std::unique_ptr<MasterKeyFile> master_keys = TRY(read_master_keys(config, clock));
  LedgerConfig ledger{ledger_path(flags.data)};
  ledger.text_keys = master_keys.get();
  Findings findings;
  if (flags.storeless) {
    findings.disagreements = TRY(check_ledger(ledger, {}));
    return findings;
  }
  HttpClient http;
  const std::vector<std::unique_ptr<Store>> stores = TRY(open_bare_stores(config, http, clock));
  // What is encrypted is longer, whatever its key: also that of a tenant whose key is forgotten.
  const bool encrypted = !config.master_key.empty();
  findings.disagreements = TRY(check_ledger(ledger, [&](const std::string& key, uint64_t bytes) {
    return exists_in(stores, key, encrypted ? sealed_size(bytes) : bytes);
  }));
  findings.orphans = TRY(find_orphans(flags, config, master_keys.get(), stores, clock));
  return findings;
}

Result<int> compare_ledger(const DbFlags& flags) {
  const Findings findings = TRY(find_disagreements(flags));
  const std::vector<Disagreement>& found = findings.disagreements;
  Json all = Json::array();
  for (const Disagreement& each : found) {
    if (!flags.json) fmt::print("{}: {}: {}\n", each.rule, printable(each.row), printable(each.text));
    all.push_back({{"rule", each.rule}, {"row", each.row}, {"text", each.text}});
  }
  // No disagreement: a crash leaves them, and the server's housekeeping takes them away.
  if (!flags.json)
    for (const std::string& key : findings.orphans)
      fmt::print("notice: {}: no row points to this object; a running server deletes it\n", printable(key));
  if (flags.json)
    fmt::print("{}\n",
               json_text({{"ok", found.empty()}, {"disagreements", all}, {"orphans", findings.orphans}}));
  return found.empty() ? 0 : 1;
}

Result<int> backup(const DbFlags& flags) {
  const SystemClock clock;
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, false, clock));
  TRY(ledger->backup(flags.file));
  TRY(ledger->audit().record({"ledger.backup", this_person(), {"ledger", ""}}));
  return 0;
}

Result<int> restore(const DbFlags& flags) {
  const FolderLock lock = TRY(lock_folder(flags.data));
  TRY(restore_ledger(flags.file, ledger_path(flags.data), flags.replace));
  // What came after the backup is gone from the log too, and a witness will see that: so it says why.
  const SystemClock clock;
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, false, clock));
  TRY(ledger->audit().record({"ledger.restore", this_person(), {"ledger", ""}}));
  return 0;
}

}  // namespace

void add_db(CLI::App& app, CommandSlot& slot) {
  auto flags = std::make_shared<DbFlags>();
  CLI::App* command = app.add_subcommand("db", "Check, back up and restore the ledger of a server");
  command->require_subcommand(1);
  CLI::App* checked = add_data_command(
      *command, slot, "check",
      "Compare jobs, pictures, files and usage with each other; exit status 1 where they disagree",
      compare_ledger, flags);
  checked->add_option("--config", flags->config,
                      "Configuration file of the server, which says where its store and its master key are");
  checked->add_flag("--store-less", flags->storeless, "Do not ask the store whether files exist");
  add_data_command(*command, slot, "backup", "Copy the ledger into a new file; the server may be running",
                   backup, flags)
      ->add_option("file", flags->file, "The file to make")
      ->required();
  CLI::App* restored =
      add_data_command(*command, slot, "restore",
                       "Put a backup in the ledger's place; the server must not run", restore, flags);
  restored->add_option("file", flags->file, "The backup")->required();
  restored->add_flag("--replace", flags->replace, "Also where there is a ledger already");
}

}  // namespace limner
