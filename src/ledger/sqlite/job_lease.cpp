#include "ledger/sqlite/job_lease.h"

#include <fmt/format.h>

#include "ledger/sqlite/job_row.h"

namespace limner::sqlite {
namespace {

Error lease_lost(std::string_view id) {
  return {Code::conflict, "lease", fmt::format("the lease on the job {} is lost", id), {}};
}

Result<void> keep(Connection& db, std::string_view job, const KeptStage& kept) {
  TRY(db.run("INSERT OR REPLACE INTO kept_stages (job, stage, picture, key, bytes) VALUES (?, ?, ?, ?, ?)",
             {job, kept.stage, kept.picture, kept.key, kept.bytes}));
  return {};
}

}  // namespace

Result<Job> begin_job(Connection& db, std::string_view id, std::string_view owner, TimeUs lease_until,
                      TimeUs now) {
  if (owner.empty()) return invalid("owner", "a lease needs a name");
  const int begun =
      TRY(db.run("UPDATE jobs SET state = 1, attempts = attempts + 1, lease_owner = ?2, lease_until = ?3,"
                 " started = CASE started WHEN 0 THEN ?4 ELSE started END WHERE id = ?1 AND state = 0",
                 {id, owner, lease_until, now}));
  Job job = TRY(find_job(db, id));
  if (begun == 0) return not_now(job, "begun");
  return job;
}

Result<void> advance_job(Connection& db, std::string_view id, std::string_view owner, JobState state,
                         std::span<const KeptStage> kept, int64_t engine_us) {
  if (state == JobState::queued || has_ended(state))
    return invalid("state", fmt::format("{} is not a state of a job in work", job_state_name(state)));
  const int moved = TRY(
      db.run("UPDATE jobs SET state = ?3, engine_us = max(engine_us, ?4) WHERE id = ?1 AND lease_owner = ?2",
             {id, owner, state, engine_us}));
  if (moved == 0) return lease_lost(id);
  for (const KeptStage& each : kept) TRY(keep(db, id, each));
  return {};
}

// Being put aside in order is no failed attempt.
Result<void> release_job(Connection& db, std::string_view id, std::string_view owner, int64_t engine_us) {
  const int released = TRY(db.run(
      "UPDATE jobs SET state = 0, lease_owner = NULL, lease_until = NULL,"
      " attempts = max(attempts - 1, 0), engine_us = max(engine_us, ?3) WHERE id = ?1 AND lease_owner = ?2",
      {id, owner, engine_us}));
  if (released == 0) return lease_lost(id);
  return {};
}

Result<std::vector<Job>> reclaim_jobs(Connection& db, TimeUs now, std::string_view owner_gone) {
  const std::vector<std::string> ids =
      TRY(db.collect<std::string>(text_column,
                                  "SELECT id FROM jobs INDEXED BY jobs_leased WHERE lease_owner IS NOT NULL"
                                  " AND (lease_until < ? OR lease_owner = ?)",
                                  {now, owner_gone}));
  std::vector<Job> jobs;
  for (const std::string& id : ids) {
    TRY(db.run("UPDATE jobs SET state = 0, lease_owner = NULL, lease_until = NULL WHERE id = ?", {id}));
    Job job = TRY(find_job(db, id));
    jobs.push_back(std::move(job));
  }
  return jobs;
}

}  // namespace limner::sqlite
