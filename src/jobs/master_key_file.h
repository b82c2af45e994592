#pragma once
// The file of master keys as data keys are made and unwrapped by it.

#include <filesystem>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "ledger/text_keys.h"
#include "store/master_keys.h"

namespace limner {

/// Read at the start, and again when a master key is asked for that was not there: it may be new.
/// Thread-safe.
class MasterKeyFile final : public TextKeys {
 public:
  static Result<std::unique_ptr<MasterKeyFile>> read(const std::filesystem::path& path, const Clock& clock);

  Result<WrappedDataKey> make(std::string_view tenant, std::string_view master) override;
  Result<std::string> unwrap(const WrappedDataKey& key) override;
  /// The keys, `master` among them if the file has it.
  Result<MasterKeys> with(std::string_view master);
  /// `unavailable` unless the file has the key that a ledger says its data keys are wrapped by; one that says
  /// none agrees with any.
  Result<void> check(std::string_view master);

 private:
  MasterKeyFile(std::filesystem::path path, const Clock& clock, MasterKeys masters)
      : path_(std::move(path)), clock_(clock), masters_(std::move(masters)) {}

  const std::filesystem::path path_;
  const Clock& clock_;
  std::mutex mutex_;
  MasterKeys masters_;
};

}  // namespace limner
