#pragma once
// Incidents: switches that stop drawing, for a time and for what they name.

#include <string>
#include <string_view>
#include <vector>

#include "audit/audit_event.h"
#include "base/clock.h"
#include "base/result.h"

namespace limner {

/// What an incident stops. The numbers are in the ledger: never renumber.
enum class IncidentScope : uint8_t {
  everything = 0,
  model = 1,
  lora = 2,
  tenant = 3,
  key = 4,
  prompt = 5,
  feature = 6
};
const char* incident_scope_name(IncidentScope scope);
Result<IncidentScope> incident_scope_from_name(std::string_view name);

struct Incident {
  std::string id;  ///< "inc_..."
  IncidentScope scope = IncidentScope::everything;
  std::string subject;  ///< a name, an id or a pattern; empty for everything
  std::string reason;
  bool withhold = false;  ///< pictures of affected jobs are not given out either
  bool drill = false;     ///< an exercise: it stops all the same, and says what it is
  TimeUs opened = 0, expires = 0;
  AuditParty opened_by;
  AuditParty first_lift;  ///< id empty: nobody yet
  TimeUs first_lifted = 0;
  AuditParty lifted_by;
  TimeUs lifted = 0;  ///< 0: not

  bool holds_at(TimeUs now) const { return lifted == 0 && now < expires; }
};

/// Every change is in the audit log, in the same transaction.
class IncidentTable {
 public:
  virtual ~IncidentTable() = default;
  virtual Result<void> open(const Incident& incident) = 0;
  virtual Result<Incident> find(std::string_view id) = 0;
  /// Newest first.
  virtual Result<std::vector<Incident>> list(int limit, std::string_view before) = 0;
  /// Those that hold at `now`.
  virtual Result<std::vector<Incident>> holding(TimeUs now) = 0;
  /// The first of two who lift it agrees, the second lifts. `conflict` if it does not hold any more, or both
  /// are the same, which a key and one that it was rotated into are; `forbidden` for a key that was not an
  /// admin key when the incident was opened.
  virtual Result<Incident> lift(std::string_view id, const AuditParty& by, TimeUs now) = 0;
  /// Ids of jobs that ended within [from, to), the first first.
  virtual Result<std::vector<std::string>> jobs_ended(TimeUs from, TimeUs to, int limit) = 0;
};

}  // namespace limner
