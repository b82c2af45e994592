#include "cli/server_store.h"

#include "cli/data_folder.h"
#include "store/encrypted_store.h"

namespace limner {

Result<std::vector<std::unique_ptr<Store>>> open_bare_stores(const ServeConfig& config, HttpClient& http,
                                                             const Clock& clock) {
  std::vector<std::unique_ptr<Store>> stores;
  std::unique_ptr<Store> store = TRY(open_store(config.store, http, clock));
  stores.push_back(std::move(store));
  const std::filesystem::path spilled = config.data / "spilled";
  if (stores.front()->kind() == "local" || !std::filesystem::exists(spilled)) return stores;
  StoreConfig waiting;
  waiting.url = "file:" + spilled.string();
  std::unique_ptr<Store> local = TRY(open_store(waiting, http, clock));
  stores.push_back(std::move(local));
  return stores;
}

Result<std::unique_ptr<MasterKeyFile>> read_master_keys(const ServeConfig& config, const Clock& clock) {
  if (config.master_key.empty()) return std::unique_ptr<MasterKeyFile>();
  return MasterKeyFile::read(config.master_key, clock);
}

Result<OpenedLedger> open_server_ledger(const ServeConfig& config, const Clock& clock) {
  OpenedLedger opened;
  opened.master_keys = TRY(read_master_keys(config, clock));
  opened.ledger = TRY(open_data_ledger(config.data, false, clock, opened.master_keys.get()));
  return opened;
}

Result<OpenedLedger> open_server_ledger(const std::filesystem::path& config,
                                        const std::filesystem::path& data, const Clock& clock) {
  return open_server_ledger(TRY(read_serve_config({.config = config, .data = data, .listen = {}})), clock);
}

Result<std::unique_ptr<TenantKeys>> open_tenant_keys(MasterKeyFile* master_keys, Ledger& ledger) {
  if (master_keys) return TenantKeys::open(ledger, *master_keys);
  const std::string master = TRY(ledger.data_keys().master());
  if (!master.empty())
    return invalid("encryption.master_key",
                   "is not set, and files of this server are encrypted by the master key " + master,
                   "name the file that has it");
  return std::unique_ptr<TenantKeys>();
}

std::unique_ptr<Store> decrypting(std::unique_ptr<Store> store, TenantKeys* keys) {
  if (!keys) return store;
  return std::make_unique<EncryptedStore>(std::move(store), *keys);
}

}  // namespace limner
