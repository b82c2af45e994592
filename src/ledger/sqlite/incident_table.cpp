#include "ledger/sqlite/incident_table.h"

#include <fmt/format.h>

namespace limner {

namespace {
constexpr const char* kScopeNames[] = {"all", "model", "lora", "tenant", "key", "prompt", "feature"};
}  // namespace

const char* incident_scope_name(IncidentScope scope) { return kScopeNames[static_cast<size_t>(scope)]; }

Result<IncidentScope> incident_scope_from_name(std::string_view name) {
  for (size_t i = 0; i < std::size(kScopeNames); ++i)
    if (name == kScopeNames[i]) return static_cast<IncidentScope>(i);
  return invalid("scope",
                 fmt::format("'{}' is none; there are: all, model, lora, tenant, key, prompt, feature",
                             name.substr(0, 40)));
}

namespace sqlite {
namespace {

std::string incidents_query(std::string_view rest) {
  return std::string(
             "SELECT id, scope, subject, reason, withhold, drill, opened, expires, opened_kind, opened_by,"
             " first_kind, first_by, first_lifted, lifted_kind, lifted_by, lifted FROM incidents ")
      .append(rest);
}

Result<Incident> read_incident(const Rows& rows) {
  Incident incident;
  incident.id = rows.text(0);
  incident.scope = static_cast<IncidentScope>(rows.number(1));
  incident.subject = rows.text(2);
  incident.reason = rows.text(3);
  incident.withhold = rows.boolean(4);
  incident.drill = rows.boolean(5);
  incident.opened = rows.integer(6);
  incident.expires = rows.integer(7);
  incident.opened_by = {rows.text(8), rows.text(9)};
  incident.first_lift = {rows.text(10), rows.text(11)};
  incident.first_lifted = rows.integer(12);
  incident.lifted_by = {rows.text(13), rows.text(14)};
  incident.lifted = rows.integer(15);
  return incident;
}

Result<Incident> find_incident(Connection& db, std::string_view id) {
  std::optional<Incident> incident =
      TRY(db.first<Incident>(read_incident, incidents_query("WHERE id = ?"), {id}));
  if (!incident) return not_found("incident", fmt::format("there is no incident '{}'", id.substr(0, 100)));
  return std::move(*incident);
}

// The subject may be a person's: a pattern of prompts, a tenant. The reason is the operator's own words.
AuditEvent event_of(const char* action, const Incident& incident, const AuditParty& by) {
  AuditEvent event{action, by, {"incident", incident.id}};
  event.details = {{"scope", incident_scope_name(incident.scope)},
                   {"expires", incident.expires},
                   {"withhold", incident.withhold},
                   {"drill", incident.drill}};
  if (!incident.subject.empty()) event.sealed.emplace_back("subject", incident.subject);
  event.sealed.emplace_back("reason", incident.reason);
  return event;
}

struct LiftingKey {
  std::string origin;  ///< the first of those that were rotated into it
  TimeUs since = 0;    ///< since when it may lift; 0: it may not
};

Result<std::optional<LiftingKey>> find_lifting_key(Connection& db, std::string_view id) {
  // A successor is no older than itself: else who rotates another's key could speak for both.
  return db.first<LiftingKey>(
      [](const Rows& rows) -> Result<LiftingKey> {
        return LiftingKey{rows.text(0), rows.integer(1)};
      },
      "WITH RECURSIVE chain (id, rotated_from, admin_since, depth) AS ("
      " SELECT id, rotated_from, admin_since, 0 FROM api_keys WHERE id = ?1"
      " UNION ALL SELECT k.id, k.rotated_from, 0, depth + 1 FROM chain JOIN api_keys k"
      "  ON k.id = chain.rotated_from)"
      " SELECT (SELECT id FROM chain ORDER BY depth DESC LIMIT 1), admin_since FROM chain WHERE depth = 0",
      {id});
}

// One who holds an admin key can make another, or make one of another's: only keys of before count as
// persons.
Result<void> check_may_lift(Connection& db, const Incident& incident, const AuditParty& by) {
  if (by.kind != "key") return {};
  const std::optional<LiftingKey> key = TRY(find_lifting_key(db, by.id));
  if (!key || key->since == 0) return Error{Code::forbidden, "incident", "only an admin key lifts it", {}};
  if (key->since > incident.opened)
    return Error{
        Code::forbidden, "incident",
        fmt::format("keys made after {} was opened, or made admin keys since, cannot lift it", incident.id),
        "ask somebody whose admin key is older"};
  return {};
}

Result<bool> are_one(Connection& db, const AuditParty& first, const AuditParty& second) {
  if (first == second) return true;
  if (first.kind != "key" || second.kind != "key") return false;
  const std::optional<LiftingKey> one = TRY(find_lifting_key(db, first.id));
  const std::optional<LiftingKey> other = TRY(find_lifting_key(db, second.id));
  return one && other && one->origin == other->origin;
}

Error holds_no_more(const Incident& incident) {
  return Error{Code::conflict,
               "incident",
               fmt::format("{} {}", incident.id, incident.lifted ? "was lifted" : "has run out"),
               {}};
}

}  // namespace

Result<void> SqliteIncidentTable::open(const Incident& incident) {
  return database_.write([&](Connection& db) -> Result<void> {
    TRY(db.run(
        "INSERT INTO incidents (id, scope, subject, reason, withhold, drill, opened, expires, opened_kind,"
        " opened_by, first_kind, first_by, first_lifted, lifted_kind, lifted_by, lifted)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', 0, '', '', 0)",
        {incident.id, incident.scope, incident.subject, incident.reason, incident.withhold, incident.drill,
         incident.opened, incident.expires, incident.opened_by.kind, incident.opened_by.id}));
    TRY(audit_.append(db, event_of("incident.open", incident, incident.opened_by)));
    return {};
  });
}

Result<Incident> SqliteIncidentTable::find(std::string_view id) {
  return database_.read([&](Connection& db) { return find_incident(db, id); });
}

Result<std::vector<Incident>> SqliteIncidentTable::list(int limit, std::string_view before) {
  return database_.read([&](Connection& db) {
    return db.collect<Incident>(read_incident, incidents_query("WHERE id < ? ORDER BY id DESC LIMIT ?"),
                                {before.empty() ? kAfterAllIds : before, limit});
  });
}

Result<std::vector<Incident>> SqliteIncidentTable::holding(TimeUs now) {
  return database_.read([&](Connection& db) {
    return db.collect<Incident>(read_incident, incidents_query("WHERE lifted = 0 AND expires > ?"), {now});
  });
}

Result<Incident> SqliteIncidentTable::lift(std::string_view id, const AuditParty& by, TimeUs now) {
  return database_.write([&](Connection& db) -> Result<Incident> {
    Incident incident = TRY(find_incident(db, id));
    if (!incident.holds_at(now)) return holds_no_more(incident);
    TRY(check_may_lift(db, incident, by));
    if (incident.first_lifted == 0) {
      TRY(db.run("UPDATE incidents SET first_kind = ?, first_by = ?, first_lifted = ? WHERE id = ?",
                 {by.kind, by.id, now, id}));
      TRY(audit_.append(db, event_of("incident.lift_first", incident, by)));
      return find_incident(db, id);
    }
    if (TRY(are_one(db, incident.first_lift, by)))
      return Error{Code::conflict, "incident", "the second who lifts it must be another than the first",
                   "ask somebody else with an admin key"};
    TRY(db.run("UPDATE incidents SET lifted_kind = ?, lifted_by = ?, lifted = ? WHERE id = ?",
               {by.kind, by.id, now, id}));
    TRY(audit_.append(db, event_of("incident.lift", incident, by)));
    return find_incident(db, id);
  });
}

Result<std::vector<std::string>> SqliteIncidentTable::jobs_ended(TimeUs from, TimeUs to, int limit) {
  return database_.read([&](Connection& db) {
    return db.collect<std::string>(
        text_column, "SELECT job FROM usage WHERE finished >= ? AND finished < ? ORDER BY finished LIMIT ?",
        {from, to, limit});
  });
}

}  // namespace sqlite
}  // namespace limner
