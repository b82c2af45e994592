#pragma once
// Who sends a request: the key in its Authorization header, held against the ledger.

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"
#include "jobs/caller.h"
#include "ledger/ledger.h"

namespace limner {

/// The key of "Authorization: Bearer KEY", or of Basic with any user name and the key as password; nothing if
/// there is no header. `unauthenticated` for anything else.
Result<std::optional<std::string>> key_in_authorization(std::string_view header);

/// A key and its tenant as the ledger had them a moment ago.
struct KeyHolder {
  ApiKey key;
  Tenant tenant;
};

/// Remembers what the ledger said for `kFreshUs`, so that most requests cost no query, and a revoked or
/// changed key is noticed within two seconds. Thread-safe.
class Authenticator {
 public:
  static constexpr TimeUs kFreshUs = 3 * kSecondUs / 2;
  static constexpr TimeUs kKnownUs = 600 * kSecondUs;
  static constexpr size_t kRememberedMax = 8192;

  Authenticator(Ledger& ledger, const Clock& clock) : ledger_(ledger), clock_(clock) {}

  /// Without waiting: the holder if it was looked up just now.
  std::shared_ptr<const KeyHolder> fresh(const std::string& secret_sha256) const;
  /// Whether this secret belonged to a key some minutes ago: worth a query even while strangers are being
  /// turned away.
  bool known(const std::string& secret_sha256) const;
  /// Asks the ledger. `unauthenticated` for an unknown key.
  Result<std::shared_ptr<const KeyHolder>> look_up(const std::string& secret_sha256);
  /// The tenant "default" with its key "anonymous", which may draw and read and whose secret nobody knows:
  /// for requests without a key where the operator allows them. Makes the key if there is none;
  /// `unauthenticated` without the tenant.
  Result<std::shared_ptr<const KeyHolder>> anonymous();
  std::shared_ptr<const KeyHolder> fresh_anonymous() const;
  /// Whether the holder may act at this moment: `unauthenticated` if revoked or expired, `forbidden` if the
  /// tenant is disabled.
  Result<void> check(const KeyHolder& holder) const;

 private:
  struct Entry {
    std::shared_ptr<const KeyHolder> holder;
    TimeUs asked = 0;
  };
  Result<ApiKey> anonymous_key(const Tenant& tenant);
  void remember(const std::string& secret_sha256, std::shared_ptr<const KeyHolder> holder);
  std::optional<Entry> entry(const std::string& secret_sha256) const;

  Ledger& ledger_;
  const Clock& clock_;
  std::mutex making_anonymous_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace limner
