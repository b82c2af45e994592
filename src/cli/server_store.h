#pragma once
// Where a server keeps its files, for the server and for commands that work beside it.

#include <memory>
#include <vector>

#include "cli/serve_config.h"
#include "jobs/tenant_keys.h"
#include "net/http_client.h"
#include "store/store.h"

namespace limner {

/// The store that the configuration names; after it, where there is one, what an object store did not take
/// yet and waits in the data folder. Objects as they lie there: encrypted, if they are.
Result<std::vector<std::unique_ptr<Store>>> open_bare_stores(const ServeConfig& config, HttpClient& http,
                                                             const Clock& clock);

/// The file that encryption.master_key names; null where it is not set.
Result<std::unique_ptr<MasterKeyFile>> read_master_keys(const ServeConfig& config, const Clock& clock);

/// The ledger of a data folder with what opens its texts.
struct OpenedLedger {
  std::unique_ptr<MasterKeyFile> master_keys;  ///< null where encryption.master_key is not set
  std::unique_ptr<Ledger> ledger;
};
Result<OpenedLedger> open_server_ledger(const ServeConfig& config, const Clock& clock);
/// The same by the command line of a command that works beside a server.
Result<OpenedLedger> open_server_ledger(const std::filesystem::path& config,
                                        const std::filesystem::path& data, const Clock& clock);

/// The keys that the server's files are encrypted with; null without master keys. An error if there are none
/// and the ledger says that files are encrypted: nothing may be stored unencrypted by oversight.
Result<std::unique_ptr<TenantKeys>> open_tenant_keys(MasterKeyFile* master_keys, Ledger& ledger);

/// The store with its objects decrypted; as it is without keys.
std::unique_ptr<Store> decrypting(std::unique_ptr<Store> store, TenantKeys* keys);

}  // namespace limner
