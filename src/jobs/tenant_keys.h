#pragma once
// Each tenant's files under a key of its own, which the ledger holds wrapped by a master key.

#include <filesystem>
#include <memory>
#include <mutex>

#include "ledger/ledger.h"
#include "store/data_keys.h"
#include "store/master_keys.h"

namespace limner {

/// The keys of pictures, uploads and kept stages (picture_keys.h) are those of the tenant whose they are; of
/// other objects there are none. Nothing unwrapped is kept: a key that is forgotten is of no use from then
/// on. Thread-safe.
class TenantKeys final : public DataKeys {
 public:
  /// Reads the file of master keys. `unavailable` if the ledger's data keys are wrapped by another one.
  /// `ledger` outlives the keys.
  static Result<std::unique_ptr<TenantKeys>> open(Ledger& ledger, const std::filesystem::path& master_file,
                                                  const Clock& clock);

  Result<DataKey> for_writing(std::string_view object) override;
  Result<DataKey> for_reading(std::string_view object, std::string_view id) override;

 private:
  TenantKeys(Ledger& ledger, std::filesystem::path master_file, const Clock& clock, MasterKeys masters)
      : ledger_(ledger), clock_(clock), master_file_(std::move(master_file)), masters_(std::move(masters)) {}
  Result<std::string> tenant_of(std::string_view object);
  /// The master keys, read again if `master` is not among those that were read before: it may be new.
  Result<MasterKeys> masters_with(std::string_view master);
  Result<DataKey> unwrap(const WrappedDataKey& key);
  Result<WrappedDataKey> make(const std::string& tenant);

  Ledger& ledger_;
  const Clock& clock_;
  const std::filesystem::path master_file_;
  std::mutex mutex_;
  MasterKeys masters_;
};

}  // namespace limner
