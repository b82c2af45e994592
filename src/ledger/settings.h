#pragma once
// Small named facts that outlive the process: paused tiers, a caller's A1111 options, signing secrets.

#include <optional>
#include <string>
#include <string_view>

#include "audit/audit_event.h"
#include "base/json.h"
#include "base/result.h"

namespace limner {

class SettingTable {
 public:
  virtual ~SettingTable() = default;
  virtual Result<std::optional<Json>> get(std::string_view name) = 0;
  /// With an event, the audit log gets it in the same transaction.
  virtual Result<void> set(std::string_view name, const Json& value, const AuditEvent* event = nullptr) = 0;
  /// Sets it unless it is set; what it is then.
  virtual Result<Json> get_or_set(std::string_view name, const Json& value) = 0;
};

}  // namespace limner
