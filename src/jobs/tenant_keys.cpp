#include "jobs/tenant_keys.h"

#include <fmt/format.h>

#include "base/aead.h"
#include "base/crypto.h"
#include "base/ids.h"
#include "jobs/picture_keys.h"

namespace limner {
namespace {

Error no_owner(std::string_view object) {
  return invalid("store", fmt::format("'{}' is no object of a tenant's, and so has no key", object));
}

// "TENANT" of "pictures/TENANT/PIC.png".
std::string_view owner_in(std::string_view object, std::string_view prefix) {
  object.remove_prefix(prefix.size());
  const size_t slash = object.find('/');
  return slash == std::string_view::npos ? std::string_view() : object.substr(0, slash);
}

}  // namespace

Result<std::unique_ptr<TenantKeys>> TenantKeys::open(Ledger& ledger, const std::filesystem::path& master_file,
                                                     const Clock& clock) {
  MasterKeys masters = TRY(MasterKeys::read(master_file));
  const std::string agreed = TRY(ledger.data_keys().master());
  if (!agreed.empty() && !masters.has(agreed))
    return Error{Code::unavailable, "encryption.master_key",
                 fmt::format("has not the master key {}, by which the data keys are wrapped", agreed),
                 "name the file that has it"};
  return std::unique_ptr<TenantKeys>(new TenantKeys(ledger, master_file, clock, std::move(masters)));
}

Result<std::string> TenantKeys::tenant_of(std::string_view object) {
  for (const std::string_view prefix : {kPicturePrefix, kUploadPrefix})
    if (object.starts_with(prefix)) {
      const std::string_view tenant = owner_in(object, prefix);
      if (tenant.empty()) return no_owner(object);
      return std::string(tenant);
    }
  if (!object.starts_with(kStagePrefix)) return no_owner(object);
  const Job job = TRY(ledger_.jobs().find(owner_in(object, kStagePrefix)));
  return job.tenant;
}

Result<MasterKeys> TenantKeys::masters_with(std::string_view master) {
  const std::lock_guard lock(mutex_);
  if (!masters_.has(master)) {
    MasterKeys read = TRY(MasterKeys::read(master_file_));
    masters_ = std::move(read);
  }
  return masters_;
}

Result<DataKey> TenantKeys::unwrap(const WrappedDataKey& key) {
  const MasterKeys masters = TRY(masters_with(key.master));
  return masters.unwrap(key.wrapped, key.id, key.tenant, key.master);
}

Result<WrappedDataKey> TenantKeys::make(const std::string& tenant) {
  const std::string agreed = TRY(ledger_.data_keys().master());
  const MasterKeys masters = TRY(masters_with(agreed));
  const std::string by = agreed.empty() ? masters.id() : agreed;
  if (!masters.has(by))
    return Error{Code::unavailable, "encryption.master_key",
                 fmt::format("has not the master key {}, by which the data keys are wrapped", by),
                 "name the file that has it"};
  DataKey key{new_id("dky"), random_bytes(kAeadKeyBytes)};
  const WrappedDataKey wrapped{key.id, tenant, by, masters.wrap(key, tenant, by), clock_.now(), 0};
  wipe(key.secret);
  return ledger_.data_keys().keep(wrapped);
}

Result<DataKey> TenantKeys::for_writing(std::string_view object) {
  const std::string tenant = TRY(tenant_of(object));
  const std::optional<WrappedDataKey> current = TRY(ledger_.data_keys().current(tenant));
  if (current) return unwrap(*current);
  Result<WrappedDataKey> made = make(tenant);
  // The master key was changed between asking for it and using it.
  if (!made && made.error().code == Code::conflict) made = make(tenant);
  if (!made) return made.error();
  return unwrap(*made);
}

Result<DataKey> TenantKeys::for_reading(std::string_view object, std::string_view id) {
  const std::string tenant = TRY(tenant_of(object));
  const Result<WrappedDataKey> key = ledger_.data_keys().find(id);
  if (!key && key.error().code != Code::not_found) return key.error();
  if (!key || key->tenant != tenant)
    return Error{
        Code::data_loss, "store", fmt::format("'{}' names a key that its tenant never had", object), {}};
  if (key->forgotten)
    return not_found("store", fmt::format("the key of '{}' was forgotten with its tenant", object),
                     "nobody can read it any more");
  return unwrap(*key);
}

}  // namespace limner
