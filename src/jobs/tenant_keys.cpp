#include "jobs/tenant_keys.h"

#include <fmt/format.h>

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

Result<std::unique_ptr<TenantKeys>> TenantKeys::open(Ledger& ledger, MasterKeyFile& masters) {
  const std::string agreed = TRY(ledger.data_keys().master());
  TRY(masters.check(agreed));
  return std::unique_ptr<TenantKeys>(new TenantKeys(ledger, masters));
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

Result<DataKey> TenantKeys::unwrap(const WrappedDataKey& key) {
  return DataKey{key.id, TRY(masters_.unwrap(key))};
}

Result<WrappedDataKey> TenantKeys::make(const std::string& tenant) {
  const std::string agreed = TRY(ledger_.data_keys().master());
  return ledger_.data_keys().keep(TRY(masters_.make(tenant, agreed)));
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
