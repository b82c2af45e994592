#include "ledger/sqlite/job_end.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "ledger/sqlite/calendar.h"
#include "ledger/sqlite/charges.h"
#include "ledger/sqlite/claims.h"
#include "ledger/sqlite/job_row.h"
#include "ledger/sqlite/picture_row.h"
#include "ledger/sqlite/verdict_row.h"

namespace limner::sqlite {
namespace {

Result<void> check_end(const Job& job, const JobEnd& end) {
  if (!has_ended(end.state))
    return invalid("state", fmt::format("{} is not the end of a job", job_state_name(end.state)));
  const bool may_end = end.owner.empty() ? job.state == JobState::queued : job.lease_owner == end.owner;
  if (!may_end) return not_now(job, end.owner.empty() ? "ended" : "ended by one who has no lease on it");
  // Policies let pass, hold or refuse what was drawn, all of it; or refuse and hold what was not drawn.
  const size_t all = static_cast<size_t>(job.count);
  const bool judged = end.state == JobState::held || end.state == JobState::refused;
  const size_t wanted = end.state == JobState::stored || (judged && !end.pictures.empty()) ? all : 0;
  if (end.pictures.size() != wanted)
    return invalid("pictures", fmt::format("a job of {} that is {} has {}, not {}", job.count,
                                           job_state_name(end.state), wanted, end.pictures.size()));
  return {};
}

// What end_job() gives back is made to agree with it.
Result<void> update_job(Connection& db, const Job& job, const JobEnd& end, int64_t engine_us) {
  const std::string error = TRY(error_column(db, job, end.error));
  TRY(
      db.run("UPDATE jobs SET state = ?, drawn_by = ?, finished = ?, reserved = 0, lease_owner = NULL,"
             " lease_until = NULL, engine_us = ?, error = ? WHERE id = ?",
             {end.state, end.drawn_by, end.now, engine_us, null_if_empty(error), job.id}));
  return {};
}

// A job that was put back has a row already: what is booked are totals, and the cost never falls below what
// was charged before.
Result<void> book_usage(Connection& db, const Job& job, const JobEnd& end, int64_t engine_us) {
  int64_t pixels = 0, bytes = 0;
  for (const PictureRow& picture : end.pictures) {
    pixels += int64_t{picture.width} * picture.height;
    bytes += static_cast<int64_t>(picture.bytes);
  }
  TRY(db.run(
      "INSERT INTO usage (job, tenant, api_key, model, tier, state, finished, pictures, engine_us, pixels,"
      " bytes_stored, bytes_sent, cost_micros) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)"
      " ON CONFLICT DO UPDATE SET model = excluded.model, state = excluded.state,"
      " finished = excluded.finished, pictures = excluded.pictures, engine_us = excluded.engine_us,"
      " pixels = excluded.pixels, bytes_stored = excluded.bytes_stored",
      {job.id, job.tenant, job.api_key, job.model, tier_name(job.tier), job_state_name(end.state), end.now,
       end.pictures.size(), engine_us, pixels, bytes}));
  const int64_t booked = TRY(db.integer("SELECT cost_micros FROM usage WHERE job = ?", {job.id}));
  return charge(db, job.id, std::max<int64_t>(end.usage.cost_micros - booked, 0), end.now);
}

// What was held or refused before it was drawn, or while it was, may be drawn once persons approved it. Of
// pictures that are kept each is given out by itself.
Result<bool> may_requeue(Connection& db, const Job& job) {
  if (job.state == JobState::failed || job.state == JobState::cancelled || job.state == JobState::expired)
    return true;
  if (job.state != JobState::held && job.state != JobState::refused) return false;
  struct Subject {
    VerdictStage stage;
    std::string name;
  };
  const std::vector<Subject> objected = TRY(db.collect<Subject>(
      [](const Rows& rows) -> Result<Subject> {
        return Subject{static_cast<VerdictStage>(rows.number(0)), rows.text(1)};
      },
      "SELECT stage, subject FROM verdicts WHERE job = ? AND standing <> 0", {job.id}));
  for (const Subject& subject : objected)
    if (is_output_kept(subject.stage, subject.name) ||
        !TRY(is_approved(db, job.id, subject.stage, subject.name)))
      return false;
  return !objected.empty();
}

}  // namespace

Result<void> write_delivery(Connection& db, const Job& job, std::string_view body, TimeUs now) {
  if (body.empty() || job.webhook_url.empty()) return {};
  const std::string id = new_id("msg");
  const std::string sealed_url = TRY(db.sealed({"deliveries.url", job.tenant, id}, job.webhook_url));
  const std::string sealed_body = TRY(db.sealed({"deliveries.body", job.tenant, id}, body));
  TRY(db.run(
      "INSERT INTO deliveries (id, tenant, job, url, body, attempts, created, next_attempt, last_error)"
      " VALUES (?, ?, ?, ?, ?, 0, ?, ?, '')",
      {id, job.tenant, job.id, sealed_url, sealed_body, now, now}));
  return {};
}

Result<Job> end_job(Connection& db, AuditAppender& audit, const JobEnd& end) {
  Job job = TRY(find_job(db, end.job));
  TRY(check_end(job, end));
  const Claim claim = TRY(claim_of(db, job));
  const int64_t engine_us = std::max(job.engine_us, end.usage.engine_us);
  TRY(update_job(db, job, end, engine_us));
  for (const PictureRow& picture : end.pictures) TRY(insert_picture(db, picture, job));
  TRY(book_usage(db, job, end, engine_us));
  TRY(give_back_claim(db, claim, static_cast<int>(end.pictures.size())));
  TRY(insert_verdicts(db, audit, job, end));
  TRY(write_delivery(db, job, end.webhook_body, end.now));
  job.state = end.state;
  job.drawn_by = end.drawn_by;
  job.finished = end.now;
  job.reserved_micros = 0;
  job.lease_owner.clear();
  job.lease_until = 0;
  job.engine_us = engine_us;
  job.error = end.error.empty() ? JobError() : end.error;
  return job;
}

Result<Job> requeue_job(Connection& db, std::string_view id, int64_t reserved_micros, TimeUs now,
                        TimeUs deadline) {
  const Job job = TRY(find_job(db, id));
  if (!TRY(may_requeue(db, job))) return not_now(job, "put back into the queue");
  const Claim claim{job.tenant, job.api_key, reserved_micros, job.count, day_of(now)};
  TRY(take_claim(db, claim, now));
  TRY(db.run(
      "UPDATE jobs SET state = 0, drawn_by = '', submitted = ?, started = 0, finished = 0, deadline = ?,"
      " reserved = ?, counted_day = ?, attempts = 0, requeued = requeued + 1, cancel_requested = 0,"
      " error = NULL WHERE id = ?",
      {now, deadline, reserved_micros, claim.day, id}));
  return find_job(db, id);
}

}  // namespace limner::sqlite
