#include "ledger/sqlite/review_decide.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/ids.h"
#include "ledger/sqlite/job_end.h"
#include "ledger/sqlite/job_row.h"
#include "ledger/sqlite/picture_row.h"
#include "ledger/sqlite/review_row.h"
#include "ledger/sqlite/verdict_row.h"

namespace limner::sqlite {
namespace {

constexpr TimeUs kHourUs = 3600 * kSecondUs;

// Nobody decides twice, nor about the contradiction to what they decided.
Result<void> check_reviewer(Connection& db, const Review& review, const ReviewDecision& decision,
                            int hourly_max) {
  const AuditParty& by = decision.by;
  const int64_t before =
      TRY(db.integer("SELECT count(*) FROM review_decisions JOIN reviews ON reviews.id = review"
                     " WHERE by_kind = ? AND by_id = ? AND job = ? AND stage = ? AND subject = ?",
                     {by.kind, by.id, review.verdict.job, review.verdict.stage, review.verdict.subject}));
  if (before > 0)
    return Error{Code::conflict, "review", "you decided about this before", "somebody else is to decide"};
  const int64_t lately =
      TRY(db.integer("SELECT count(*) FROM review_decisions WHERE by_kind = ? AND by_id = ? AND at > ?",
                     {by.kind, by.id, decision.at - kHourUs}));
  if (lately >= hourly_max)
    return Error{
        Code::exhausted, "review",
        fmt::format("you decided {} within an hour; nobody is to decide more than {}", lately, hourly_max),
        "retry after 600 s"};
  return {};
}

Standing standing_of(Ruling ruling) {
  return ruling == Ruling::approve ? Standing::passed : Standing::refused;
}

/// How a review goes on after its last decision.
struct Progress {
  bool escalated = false;
  std::optional<Standing> outcome;
};

Progress progress_of(const Review& review) {
  const ReviewDecision& last = review.decisions.back();
  Progress progress{review.escalated, std::nullopt};
  if (last.ruling == Ruling::escalate) {
    progress.escalated = true;
    return progress;
  }
  int agreeing = 0, contradicting = 0;
  for (const ReviewDecision& each : review.decisions)
    if (each.ruling != Ruling::escalate) ++(each.ruling == last.ruling ? agreeing : contradicting);
  // The one who was asked because the others could not say it, says it.
  if (review.escalated || (contradicting == 0 && agreeing >= review.wanted))
    progress.outcome = standing_of(last.ruling);
  else
    progress.escalated = contradicting > 0;
  return progress;
}

Result<JobState> state_by_pictures(Connection& db, const Job& job) {
  const int64_t held =
      TRY(db.integer("SELECT count(*) FROM pictures WHERE job = ? AND standing = 1", {job.id}));
  const int64_t passed =
      TRY(db.integer("SELECT count(*) FROM pictures WHERE job = ? AND standing = 0", {job.id}));
  if (held > 0) return JobState::held;
  return passed > 0 ? JobState::stored : JobState::refused;
}

JobError refusal(const Review& review) {
  const std::string field = review.verdict.stage == VerdictStage::output  ? "picture"
                            : review.verdict.stage == VerdictStage::input ? "init"
                                                                          : "prompt";
  return {"refused", field, "refused by a reviewer", "", "request"};
}

Result<Job> apply_outcome(Connection& db, const Review& review, Standing outcome, TimeUs now,
                          const WebhookBody& webhook_body) {
  const Job job = TRY(find_job(db, review.verdict.job));
  JobState state = job.state;
  if (is_output_kept(review.verdict.stage, review.verdict.subject)) {
    TRY(db.run("UPDATE pictures SET standing = ? WHERE id = ?", {outcome, review.verdict.subject}));
    state = TRY(state_by_pictures(db, job));
  } else if (outcome == Standing::refused && job.state == JobState::held) {
    state = JobState::refused;
  }
  if (state == job.state) return job;
  const JobError error = state == JobState::refused ? refusal(review) : JobError{};
  const std::string told = TRY(error_column(db, job, error));
  TRY(db.run("UPDATE jobs SET state = ?, error = ? WHERE id = ?", {state, null_if_empty(told), job.id}));
  TRY(db.run("UPDATE usage SET state = ? WHERE job = ?", {job_state_name(state), job.id}));
  const Job changed = TRY(find_job(db, job.id));
  const std::vector<PictureRow> pictures = TRY(db.collect<PictureRow>(
      read_picture,
      pictures_query("pictures WHERE job = ? AND standing = 0 AND deleted = 0 ORDER BY position"), {job.id}));
  if (webhook_body) TRY(write_delivery(db, changed, webhook_body(changed, pictures), now));
  return changed;
}

AuditEvent event_of(const char* action, const Review& review, const AuditParty& by) {
  AuditEvent event{action, by, {"review", review.id}};
  event.details = {{"job", review.verdict.job},
                   {"stage", verdict_stage_name(review.verdict.stage)},
                   {"cause", review_cause_name(review.cause)},
                   {"policy", review.verdict.policy}};
  event.sealed.emplace_back("tenant", review.tenant);
  return event;
}

// The audit log vouches for what the row holds, and so must not say more than it does.
std::string as_vouched_for(const std::string& column) {
  return looks_sealed_text(column) ? printable_sealed_text(column) : column;
}

}  // namespace

Result<Reviewed> decide_review(Connection& db, AuditAppender& audit, std::string_view id,
                               const ReviewDecision& decision, int hourly_max,
                               const WebhookBody& webhook_body) {
  Review review = TRY(find_review(db, id));
  if (review.decided != 0) return Error{Code::conflict, "review", "is decided already", ""};
  TRY(check_reviewer(db, review, decision, hourly_max));
  const std::string reason = TRY(
      db.sealed({"review_decisions.reason", review.tenant, decision_row(id, decision.by)}, decision.reason));
  TRY(db.run(
      "INSERT INTO review_decisions (review, by_kind, by_id, decision, reason, at, position)"
      " VALUES (?, ?, ?, ?, ?, ?, ?)",
      {id, decision.by.kind, decision.by.id, decision.ruling, reason, decision.at, review.decisions.size()}));
  review.decisions.push_back(decision);
  const Progress progress = progress_of(review);
  AuditEvent event = event_of("review.decide", review, decision.by);
  event.details["decision"] = ruling_name(decision.ruling);
  event.details["decided"] = progress.outcome.has_value();
  event.sealed.emplace_back("reason", as_vouched_for(reason));
  TRY(audit.append(db, event));
  TRY(db.run("UPDATE reviews SET escalated = ?, decided = ?, outcome = ? WHERE id = ?",
             {progress.escalated, progress.outcome ? decision.at : 0,
              progress.outcome.value_or(Standing::held), id}));
  Job job = progress.outcome ? TRY(apply_outcome(db, review, *progress.outcome, decision.at, webhook_body))
                             : TRY(find_job(db, review.verdict.job));
  return Reviewed{TRY(find_review(db, id)), std::move(job)};
}

Result<std::vector<Review>> appeal_job(Connection& db, AuditAppender& audit, std::string_view id,
                                       std::string_view text, const AuditParty& by, TimeUs now) {
  const Job job = TRY(find_job(db, id));
  struct Subject {
    VerdictStage stage;
    std::string name;
    double risk;
  };
  // What is refused now: by a policy and not approved since, or by a reviewer.
  const std::vector<Subject> subjects = TRY(db.collect<Subject>(
      [](const Rows& rows) -> Result<Subject> {
        return Subject{static_cast<VerdictStage>(rows.number(0)), rows.text(1), rows.real(2)};
      },
      "SELECT stage, subject, risk FROM verdicts v WHERE job = ?"
      " AND CASE WHEN stage = 2 AND substr(subject, 1, 4) = 'pic_'"
      "  THEN (SELECT standing FROM pictures WHERE id = subject) = 2"
      "  ELSE ? = 6 AND standing <> 0 END"
      " AND NOT EXISTS (SELECT 1 FROM reviews r WHERE r.job = v.job AND r.stage = v.stage"
      "  AND r.subject = v.subject AND (cause = 2 OR decided = 0))",
      {id, job.state}));
  if (subjects.empty())
    return Error{Code::conflict, "job", "nothing of it is refused that was not contradicted before", ""};
  std::vector<Review> reviews;
  for (const Subject& subject : subjects) {
    const std::string review = new_id("rev");
    const std::string appeal = TRY(db.sealed({"reviews.appeal", job.tenant, review}, text));
    TRY(
        db.run("INSERT INTO reviews (id, cause, tenant, job, stage, subject, risk, appeal, wanted, escalated,"
               " created, decided, outcome) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, 0, ?, 0, 1)",
               {review, ReviewCause::appeal, job.tenant, job.id, subject.stage, subject.name, subject.risk,
                appeal, now}));
    reviews.push_back(TRY(find_review(db, review)));
    AuditEvent event = event_of("review.appeal", reviews.back(), by);
    event.sealed.emplace_back("appeal", as_vouched_for(appeal));
    TRY(audit.append(db, event));
  }
  return reviews;
}

}  // namespace limner::sqlite
