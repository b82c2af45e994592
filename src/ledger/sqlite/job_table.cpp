#include "ledger/sqlite/job_table.h"

#include "ledger/sqlite/job_accept.h"
#include "ledger/sqlite/job_end.h"
#include "ledger/sqlite/job_lease.h"
#include "ledger/sqlite/job_row.h"
#include "ledger/sqlite/job_search.h"

namespace limner::sqlite {

Result<Accepted> SqliteJobTable::accept(const Job& job, const std::optional<Idempotency>& idempotency) {
  return database_.write([&](Connection& db) { return accept_job(db, job, idempotency); });
}

Result<std::optional<Job>> SqliteJobTable::find_repeated(const Idempotency& idempotency, TimeUs now) {
  return database_.read([&](Connection& db) { return find_repeated_job(db, idempotency, now); });
}

Result<Job> SqliteJobTable::find(std::string_view id) {
  return database_.read([&](Connection& db) { return find_job(db, id); });
}

Result<JobPage> SqliteJobTable::search(const JobQuery& query) {
  return database_.read([&](Connection& db) { return search_jobs(db, query); });
}

Result<std::vector<Job>> SqliteJobTable::queued(std::string_view after_id, int limit) {
  return database_.read([&](Connection& db) {
    if (after_id.empty())
      return db.collect<Job>(read_job, jobs_query("WHERE state = 0 ORDER BY submitted, id LIMIT ?"), {limit});
    return db.collect<Job>(read_job,
                           jobs_query("WHERE state = 0 AND (submitted, id) >"
                                      " (SELECT submitted, id FROM jobs WHERE id = ?)"
                                      " ORDER BY submitted, id LIMIT ?"),
                           {after_id, limit});
  });
}

Result<int> SqliteJobTable::position(const Job& job) {
  return database_.read([&](Connection& db) -> Result<int> {
    const int64_t before =
        TRY(db.integer("SELECT count(*) FROM jobs WHERE state = 0 AND tier = ? AND (submitted, id) < (?, ?)",
                       {job.tier, job.submitted, job.id}));
    return static_cast<int>(before);
  });
}

Result<std::vector<QueueDepth>> SqliteJobTable::depths() {
  return database_.read([](Connection& db) -> Result<std::vector<QueueDepth>> {
    std::vector<QueueDepth> depths(kTiers);
    Rows rows =
        TRY(db.query("SELECT tier, count(*), sum(predicted_seconds), min(submitted) FROM jobs"
                     " WHERE state = 0 GROUP BY tier"));
    while (TRY(rows.next()))
      depths.at(static_cast<size_t>(rows.number(0))) = {rows.number(1), rows.real(2), rows.integer(3)};
    return depths;
  });
}

Result<Job> SqliteJobTable::begin(std::string_view id, std::string_view owner, TimeUs lease_until,
                                  TimeUs now) {
  return database_.write([&](Connection& db) { return begin_job(db, id, owner, lease_until, now); });
}

Result<void> SqliteJobTable::advance(std::string_view id, std::string_view owner, JobState state,
                                     std::span<const KeptStage> kept, int64_t engine_us) {
  return database_.write([&](Connection& db) { return advance_job(db, id, owner, state, kept, engine_us); });
}

Result<void> SqliteJobTable::renew_leases(std::string_view owner, TimeUs lease_until) {
  return database_.write([&](Connection& db) -> Result<void> {
    TRY(db.run("UPDATE jobs SET lease_until = ? WHERE lease_owner = ?", {lease_until, owner}));
    return {};
  });
}

Result<void> SqliteJobTable::release(std::string_view id, std::string_view owner, int64_t engine_us) {
  return database_.write([&](Connection& db) { return release_job(db, id, owner, engine_us); });
}

Result<std::vector<Job>> SqliteJobTable::reclaim(TimeUs now, std::string_view owner_gone) {
  return database_.write([&](Connection& db) { return reclaim_jobs(db, now, owner_gone); });
}

Result<std::vector<std::string>> SqliteJobTable::lease_owners() {
  return database_.read([](Connection& db) {
    return db.collect<std::string>(
        text_column, "SELECT DISTINCT lease_owner FROM jobs WHERE lease_owner IS NOT NULL ORDER BY 1");
  });
}

Result<Job> SqliteJobTable::end(const JobEnd& end) {
  return database_.write([&](Connection& db) { return end_job(db, audit_, end); });
}

Result<void> SqliteJobTable::request_cancel(std::string_view id) {
  return database_.write([&](Connection& db) -> Result<void> {
    const Job job = TRY(find_job(db, id));
    if (has_ended(job.state)) return not_now(job, "cancelled");
    TRY(db.run("UPDATE jobs SET cancel_requested = 1 WHERE id = ?", {id}));
    return {};
  });
}

Result<Job> SqliteJobTable::requeue(std::string_view id, int64_t reserved_micros, TimeUs now,
                                    TimeUs deadline) {
  return database_.write([&](Connection& db) { return requeue_job(db, id, reserved_micros, now, deadline); });
}

Result<void> SqliteJobTable::clear_kept(std::string_view id) {
  return database_.write([&](Connection& db) -> Result<void> {
    TRY(db.run("DELETE FROM kept_stages WHERE job = (SELECT id FROM jobs WHERE id = ? AND state >= 4)",
               {id}));
    return {};
  });
}

Result<std::vector<Job>> SqliteJobTable::ended_with_kept(TimeUs before, int limit) {
  return database_.read([&](Connection& db) {
    return db.collect<Job>(read_job,
                           jobs_query("WHERE id IN (SELECT job FROM kept_stages) AND state >= 4"
                                      " AND (state = ? OR finished < ?) ORDER BY id LIMIT ?"),
                           {JobState::stored, before, limit});
  });
}

}  // namespace limner::sqlite
