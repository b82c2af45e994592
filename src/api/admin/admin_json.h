#pragma once
// Tenants and keys as the admin API shows and reads them.

#include "api/request.h"
#include "api/services.h"

namespace limner {

/// How much of a list is answered at once, unless the request says otherwise.
inline constexpr int kAdminPage = 50, kAdminPageMax = 500;

Json tenant_json(const Tenant& tenant);
/// Without its secret, which nobody knows.
Json key_json(const ApiKey& key);

/// Applies the members of `change` to `tenant`; `invalid` names what is unknown or wrong. "name" is read
/// where `with_name`.
Result<void> change_tenant(Tenant& tenant, const Json& change, bool with_name);

/// "whsec_" and base64 of 24 random bytes (Standard Webhooks).
std::string new_webhook_secret();

/// By id or name; `not_found` with `field`.
Result<Tenant> find_tenant(Services& services, const std::string& id_or_name, const char* field);
Result<Scopes> scopes_from_json(const Json& json);
/// A name that people give: 1 to 64 characters of [A-Za-z0-9._@-] and blanks.
Result<std::string> read_given_name(const Json& value, const char* field);
/// Null: never. `invalid` for a time that is over.
Result<TimeUs> read_expiry(const Json& value, TimeUs now);

/// Who sent it, as the audit log has them.
AuditParty sender(const Request& request);

}  // namespace limner
