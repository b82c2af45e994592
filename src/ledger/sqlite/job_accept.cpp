#include "ledger/sqlite/job_accept.h"

#include <algorithm>

#include "ledger/sqlite/calendar.h"
#include "ledger/sqlite/claims.h"
#include "ledger/sqlite/job_row.h"

namespace limner::sqlite {
namespace {

// Each new key takes some expired ones away, so that the table does not grow and none has to sweep it.
constexpr int kExpiredPerKey = 8;

Result<void> check_key_of_tenant(Connection& db, const Job& job) {
  const int64_t found =
      TRY(db.integer("SELECT count(*) FROM api_keys WHERE id = ? AND tenant = ?", {job.api_key, job.tenant}));
  if (!found) return not_found("key", "the tenant has no such key");
  return {};
}

Result<void> remember(Connection& db, const Idempotency& idempotency, const Job& job) {
  TRY(
      db.run("DELETE FROM idempotency WHERE (scope, key, fingerprint) IN"
             " (SELECT scope, key, fingerprint FROM idempotency WHERE expires <= ? LIMIT ?)",
             {job.submitted, kExpiredPerKey}));
  TRY(db.run(
      "INSERT OR REPLACE INTO idempotency (scope, key, fingerprint, job, expires) VALUES (?, ?, ?, ?, ?)",
      {idempotency.scope, idempotency.key, idempotency.fingerprint, job.id, idempotency.expires}));
  return {};
}

// As find_job() would read it.
Job as_inserted(const Job& job) {
  Job fresh = job;
  fresh.state = JobState::queued;
  fresh.drawn_by.clear();
  fresh.started = fresh.finished = 0;
  fresh.attempts = 0;
  fresh.cancel_requested = false;
  fresh.lease_owner.clear();
  fresh.lease_until = 0;
  fresh.kept.clear();
  fresh.engine_us = 0;
  fresh.error = {};
  fresh.tags.clear();
  for (const std::string& tag : job.tags)
    if (std::ranges::find(fresh.tags, tag) == fresh.tags.end()) fresh.tags.push_back(tag);
  return fresh;
}

}  // namespace

Result<std::optional<Job>> find_repeated_job(Connection& db, const Idempotency& idempotency, TimeUs now) {
  std::optional<Job> job = TRY(db.first<Job>(
      read_job,
      jobs_query("WHERE id = (SELECT job FROM idempotency WHERE scope = ? AND key = ? AND fingerprint = ?"
                 " AND expires > ?)"),
      {idempotency.scope, idempotency.key, idempotency.fingerprint, now}));
  if (job || !idempotency.strict) return job;
  const int64_t others =
      TRY(db.integer("SELECT count(*) FROM idempotency WHERE scope = ? AND key = ? AND expires > ?",
                     {idempotency.scope, idempotency.key, now}));
  if (others)
    return Error{Code::conflict, "idempotency_key", "this key was used for another request",
                 "use a new key for a new request"};
  return job;
}

Result<Accepted> accept_job(Connection& db, const Job& job, const std::optional<Idempotency>& idempotency) {
  if (idempotency && !idempotency->fresh) {
    std::optional<Job> earlier = TRY(find_repeated_job(db, *idempotency, job.submitted));
    if (earlier) return Accepted{std::move(*earlier), true};
  }
  TRY(check_key_of_tenant(db, job));
  const Claim claim{job.tenant, job.api_key, job.reserved_micros, job.count, day_of(job.submitted)};
  TRY(take_claim(db, claim, job.submitted));
  TRY(insert_job(db, job, claim.day));
  if (idempotency) TRY(remember(db, *idempotency, job));
  return Accepted{as_inserted(job), false};
}

}  // namespace limner::sqlite
