#include "jobs/incident_report.h"

#include <algorithm>

#include "jobs/containment.h"

namespace limner {
namespace {

constexpr int kEndedMax = 10'000;
constexpr int kReportPage = 200;

double seconds_between(TimeUs from, TimeUs to) { return static_cast<double>(to - from) / kSecondUs; }

Json party_json(const AuditParty& party) {
  if (party.id.empty()) return nullptr;
  return {{"kind", party.kind}, {"id", party.id}};
}

bool stops_job(const IncidentMatch& match, const Job& job, Ledger& ledger) {
  DrawingFacts facts = facts_of(job);
  if (match.wants_digests()) add_digests(facts, ledger);
  return match.stops(facts);
}

void count(IncidentReport& report, const IncidentMatch& match, const Job& job, Ledger& ledger) {
  const Incident& incident = match.incident();
  const double seconds = seconds_between(incident.opened, job.finished);
  if (job.state == JobState::refused && job.error.message.starts_with(incident.id)) {
    ++(job.attempts == 0 ? report.refused_queued : report.ended_running);
    report.last_stop_seconds = std::max(report.last_stop_seconds, seconds);
  } else if (job.state == JobState::stored && stops_job(match, job, ledger)) {
    ++report.delivered;
    report.last_delivery_seconds = std::max(report.last_delivery_seconds, seconds);
  }
}

}  // namespace

Result<IncidentReport> incident_report(Ledger& ledger, const Incident& incident, TimeUs now) {
  TimeUs to = std::min(now + 1, incident.expires);
  if (incident.lifted != 0) to = std::min(to, incident.lifted);
  const std::vector<std::string> ids = TRY(ledger.incidents().jobs_ended(incident.opened, to, kEndedMax));
  const IncidentMatch match(incident, ledger, nullptr);
  IncidentReport report;
  report.complete = ids.size() < kEndedMax;
  for (const std::string& id : ids) {
    const Job job = TRY(ledger.jobs().find(id));
    count(report, match, job, ledger);
  }
  return report;
}

Json report_json(const IncidentReport& report) {
  return {{"refused_queued", report.refused_queued},
          {"ended_running", report.ended_running},
          {"delivered", report.delivered},
          {"last_stop_seconds", report.last_stop_seconds},
          {"last_delivery_seconds", report.last_delivery_seconds},
          {"complete", report.complete}};
}

Json incident_json(const Incident& incident, const std::function<Json(TimeUs)>& time) {
  return {{"id", incident.id},
          {"object", "incident"},
          {"scope", incident_scope_name(incident.scope)},
          {"subject", incident.subject},
          {"reason", incident.reason},
          {"withhold", incident.withhold},
          {"drill", incident.drill},
          {"opened", time(incident.opened)},
          {"expires", time(incident.expires)},
          {"opened_by", party_json(incident.opened_by)},
          {"first_lift", party_json(incident.first_lift)},
          {"first_lifted", time(incident.first_lifted)},
          {"lifted_by", party_json(incident.lifted_by)},
          {"lifted", time(incident.lifted)}};
}

Result<void> for_jobs_of(Ledger& ledger, const Incident& incident, TimeUs from, TimeUs to,
                         const std::function<Result<void>(const Job&)>& each) {
  const IncidentMatch match(incident, ledger, nullptr);
  JobQuery query;
  query.from = from;
  query.to = to;
  query.limit = kReportPage;
  for (;;) {
    const std::vector<Job> page = TRY(ledger.jobs().search(query)).jobs;
    for (const Job& job : page)
      if (stops_job(match, job, ledger)) TRY(each(job));
    if (page.size() < kReportPage) return {};
    query.before = page.back().id;
  }
}

}  // namespace limner
