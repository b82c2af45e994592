#include "jobs/master_key_file.h"

#include <fmt/format.h>

#include "base/aead.h"
#include "base/crypto.h"
#include "base/ids.h"

namespace limner {

Result<std::unique_ptr<MasterKeyFile>> MasterKeyFile::read(const std::filesystem::path& path,
                                                           const Clock& clock) {
  MasterKeys masters = TRY(MasterKeys::read(path));
  return std::unique_ptr<MasterKeyFile>(new MasterKeyFile(path, clock, std::move(masters)));
}

Result<MasterKeys> MasterKeyFile::with(std::string_view master) {
  const std::lock_guard lock(mutex_);
  if (!masters_.has(master)) {
    MasterKeys read = TRY(MasterKeys::read(path_));
    masters_ = std::move(read);
  }
  return masters_;
}

Result<void> MasterKeyFile::check(std::string_view master) {
  if (master.empty() || TRY(with(master)).has(master)) return {};
  return Error{Code::unavailable, "encryption.master_key",
               fmt::format("has not the master key {}, by which the data keys are wrapped", master),
               "name the file that has it"};
}

Result<WrappedDataKey> MasterKeyFile::make(std::string_view tenant, std::string_view master) {
  TRY(check(master));
  const MasterKeys masters = TRY(with(master));
  const std::string by = master.empty() ? masters.id() : std::string(master);
  DataKey key{new_id("dky"), random_bytes(kAeadKeyBytes)};
  WrappedDataKey wrapped{key.id, std::string(tenant), by, masters.wrap(key, tenant, by), clock_.now(), 0};
  wipe(key.secret);
  return wrapped;
}

Result<std::string> MasterKeyFile::unwrap(const WrappedDataKey& key) {
  const MasterKeys masters = TRY(with(key.master));
  return TRY(masters.unwrap(key.wrapped, key.id, key.tenant, key.master)).secret;
}

}  // namespace limner
