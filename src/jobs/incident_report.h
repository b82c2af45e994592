#pragma once
// What an incident stopped, and what it is about.

#include <functional>
#include <string>

#include "base/json.h"
#include "ledger/ledger.h"

namespace limner {

/// Of the jobs that an incident stops, those that ended while it held.
struct IncidentReport {
  int refused_queued = 0;        ///< refused before they were begun
  int ended_running = 0;         ///< ended while they were drawn
  int delivered = 0;             ///< were stored all the same: their last step was done when it was opened
  double last_stop_seconds = 0;  ///< after it was opened; 0: none
  double last_delivery_seconds = 0;
  bool complete = true;  ///< false: more jobs ended than were looked at
};
Result<IncidentReport> incident_report(Ledger& ledger, const Incident& incident, TimeUs now);
Json report_json(const IncidentReport& report);

/// An incident as JSON, its times by `time`.
Json incident_json(const Incident& incident, const std::function<Json(TimeUs)>& time);

/// Calls `each` with the jobs submitted within [from, to) that the incident stops, the newest first.
Result<void> for_jobs_of(Ledger& ledger, const Incident& incident, TimeUs from, TimeUs to,
                         const std::function<Result<void>(const Job&)>& each);

}  // namespace limner
