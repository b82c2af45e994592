#pragma once
// Who may ask for pictures, how much of them, and the keys they ask with.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audit/audit_event.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace limner {

/// What one tenant or one key may use. A limit that is absent does not limit. Both the key's and its tenant's
/// hold.
struct Limits {
  std::optional<int> requests_per_minute;
  std::optional<int> concurrent_jobs;    ///< accepted and not yet ended
  std::optional<int> pictures_per_day;   ///< UTC days
  std::optional<int64_t> budget_micros;  ///< hard, a UTC calendar month, millionths of the currency
  std::optional<int64_t> pixels_max;     ///< width x height of one picture
  std::vector<std::string> models;       ///< names allowed; empty: all
  std::vector<std::string> tiers;        ///< likewise
};

/// Limits as the JSON that the admin API and the ledger hold; unknown keys and wrong types are `invalid`.
Json limits_to_json(const Limits& limits);
Result<Limits> limits_from_json(const Json& json, std::string_view field);

struct Tenant {
  std::string id;    ///< "ten_..."
  std::string name;  ///< unique
  TimeUs created = 0;
  bool disabled = false;
  double weight = 1;  ///< share of the machine beside other tenants
  Limits limits;
  std::optional<int> retention_days;  ///< pictures and uploads older than this are deleted; absent: kept
  bool legal_hold = false;            ///< nothing of this tenant is deleted
  std::string webhook_secret;         ///< "whsec_..."; made with the tenant
};

/// What a key lets its holder do. `admin` includes the others.
enum class Scope : uint8_t { draw = 1, read = 2, review = 4, admin = 8 };
using Scopes = uint8_t;
const char* scope_name(Scope scope);
Result<Scope> scope_from_name(std::string_view name);

/// A key without its secret, which nobody keeps.
struct ApiKey {
  std::string id;  ///< "key_..."
  std::string tenant;
  std::string name;
  std::string
      secret_sha256;  ///< of the whole key text, hexadecimal: keys are random, a slow hash adds nothing
  Scopes scopes = 0;
  TimeUs created = 0;
  TimeUs expires = 0;  ///< 0: never
  TimeUs revoked = 0;  ///< 0: not
  TimeUs used = 0;     ///< last, to the minute; 0: never
  Limits limits;

  bool allows(Scope scope) const;
  bool valid_at(TimeUs now) const;
};

/// A key as its holder sees it, once: "lim_" and 43 characters of base64url (32 random bytes).
struct NewKey {
  ApiKey key;
  std::string text;
};

/// Changes go into the audit log with who made them, `by`.
class TenantTable {
 public:
  virtual ~TenantTable() = default;
  /// An empty id and an empty webhook_secret are made. `conflict` if the name is taken.
  virtual Result<Tenant> create(const Tenant& tenant, const AuditParty& by = {}) = 0;
  virtual Result<Tenant> find(std::string_view id) = 0;
  virtual Result<Tenant> find_by_name(std::string_view name) = 0;
  virtual Result<std::vector<Tenant>> list() = 0;
  /// Replaces everything but id, name and created.
  virtual Result<void> update(const Tenant& tenant, const AuditParty& by = {}) = 0;

  virtual Result<void> create_key(const ApiKey& key, const AuditParty& by = {}) = 0;
  virtual Result<ApiKey> find_key(std::string_view id) = 0;
  /// `not_found` if no key has this secret. Expired and revoked ones are found: the caller says which it is.
  virtual Result<ApiKey> find_key_by_secret(std::string_view secret_sha256) = 0;
  virtual Result<std::vector<ApiKey>> list_keys(std::string_view tenant) = 0;
  virtual Result<void> update_key(const ApiKey& key, const AuditParty& by = {}) = 0;
  /// Rotation with overlap: `fresh` is created, the old key expires at `old_expires` unless it does earlier.
  virtual Result<void> rotate_key(std::string_view old_id, const ApiKey& fresh, TimeUs old_expires,
                                  const AuditParty& by = {}) = 0;
  /// Remembers when keys were last used; not durable at once.
  virtual void touch_key(std::string_view id, TimeUs now) = 0;
};

/// Makes a key: its secret is shown once in the result and kept nowhere.
NewKey make_key(std::string_view tenant, std::string_view name, Scopes scopes, TimeUs now, TimeUs expires);
/// What find_key_by_secret() looks for.
std::string secret_sha256(std::string_view key_text);

}  // namespace limner
