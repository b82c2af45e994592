#pragma once
// Keys that tenants' files are encrypted with, each wrapped by a master key that the ledger does not have.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audit/audit_event.h"
#include "base/clock.h"
#include "base/result.h"

namespace limner {

struct WrappedDataKey {
  std::string id;  ///< "dky_..."
  std::string tenant;
  std::string master;   ///< id of the master key that wraps it
  std::string wrapped;  ///< base64; empty once it is forgotten
  TimeUs created = 0;
  TimeUs forgotten = 0;  ///< 0: not
};

class DataKeyTable {
 public:
  virtual ~DataKeyTable() = default;
  /// The id of the master key that wraps all keys that are there; empty until there is a first.
  virtual Result<std::string> master() = 0;
  /// What new files of the tenant are encrypted with.
  virtual Result<std::optional<WrappedDataKey>> current(std::string_view tenant) = 0;
  /// Forgotten ones too; `not_found` if there never was one of this id.
  virtual Result<WrappedDataKey> find(std::string_view id) = 0;
  /// All, in the order of their making.
  virtual Result<std::vector<WrappedDataKey>> list() = 0;
  /// Keeps the tenant's first key, unless another has done so meanwhile; the key that is kept. `conflict` if
  /// the keys that are there are wrapped by another master key. In the audit log.
  virtual Result<WrappedDataKey> keep(const WrappedDataKey& key) = 0;
  /// Wraps every key that is not forgotten anew: `wrap` returns a key's text under `master`. All of them or
  /// none; how many. In the audit log.
  virtual Result<int> rewrap(std::string_view master,
                             const std::function<Result<std::string>(const WrappedDataKey&)>& wrap,
                             const AuditParty& by) = 0;
  /// Forgets a tenant's keys, so that nobody can read its files any more; how many. The tenant's next file
  /// has a new key. `conflict` under a legal hold. In the audit log.
  virtual Result<int> forget(std::string_view tenant, TimeUs now, const AuditParty& by) = 0;
};

}  // namespace limner
