#pragma once
// Each tenant's files under a key of its own, which the ledger holds wrapped by a master key.

#include <memory>

#include "jobs/master_key_file.h"
#include "ledger/ledger.h"
#include "store/data_keys.h"

namespace limner {

/// The keys of pictures, uploads and kept stages (picture_keys.h) are those of the tenant whose they are; of
/// other objects there are none. Nothing unwrapped is kept: a key that is forgotten is of no use from then
/// on. Thread-safe.
class TenantKeys final : public DataKeys {
 public:
  /// `unavailable` if the ledger's data keys are wrapped by a master key that the file has not. Both outlive
  /// the keys.
  static Result<std::unique_ptr<TenantKeys>> open(Ledger& ledger, MasterKeyFile& masters);

  Result<DataKey> for_writing(std::string_view object) override;
  Result<DataKey> for_reading(std::string_view object, std::string_view id) override;

 private:
  TenantKeys(Ledger& ledger, MasterKeyFile& masters) : ledger_(ledger), masters_(masters) {}
  Result<std::string> tenant_of(std::string_view object);
  Result<DataKey> unwrap(const WrappedDataKey& key);
  Result<WrappedDataKey> make(const std::string& tenant);

  Ledger& ledger_;
  MasterKeyFile& masters_;
};

}  // namespace limner
