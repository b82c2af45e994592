#include "ledger/sqlite/verdict_row.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "ledger/reviews.h"
#include "ledger/sqlite/row_texts.h"

namespace limner {

namespace {
constexpr const char* kStandings[] = {"passed", "held", "refused"};
constexpr const char* kStages[] = {"prompt", "input", "output"};
}  // namespace

const char* standing_name(Standing standing) { return kStandings[static_cast<size_t>(standing)]; }
const char* verdict_stage_name(VerdictStage stage) { return kStages[static_cast<size_t>(stage)]; }

namespace sqlite {
namespace {

std::string row_of(std::string_view job, const VerdictRow& verdict) {
  return fmt::format("{}:{}:{}", job, static_cast<int>(verdict.stage), verdict.subject);
}

Result<void> insert_verdict(Connection& db, const VerdictRow& verdict, const Job& job) {
  const std::string reasons =
      TRY(db.sealed({"verdicts.reasons", job.tenant, row_of(job.id, verdict)}, json_column(verdict.reasons)));
  TRY(db.run(
      "INSERT INTO verdicts (job, stage, subject, standing, policy, rules, reasons, risk, categories,"
      " created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
      " ON CONFLICT DO UPDATE SET standing = excluded.standing, policy = excluded.policy,"
      " rules = excluded.rules, reasons = excluded.reasons, risk = excluded.risk,"
      " categories = excluded.categories, created = excluded.created",
      {job.id, verdict.stage, verdict.subject, verdict.standing, verdict.policy, json_column(verdict.rules),
       reasons, verdict.risk, json_column(verdict.categories), verdict.created}));
  return {};
}

// Nothing waits twice.
Result<void> open_review(Connection& db, const VerdictRow& verdict, const JobEnd& end, const Job& job) {
  const ReviewCause cause = verdict.standing == Standing::held ? ReviewCause::held : ReviewCause::sample;
  TRY(db.run(
      "INSERT INTO reviews (id, cause, tenant, job, stage, subject, risk, appeal, wanted, escalated,"
      " created, decided, outcome) SELECT ?, ?, ?, ?, ?, ?, ?, '', ?, 0, ?, 0, 1 WHERE NOT EXISTS"
      " (SELECT 1 FROM reviews WHERE job = ? AND stage = ? AND subject = ? AND decided = 0)",
      {new_id("rev"), cause, job.tenant, job.id, verdict.stage, verdict.subject, verdict.risk,
       cause == ReviewCause::sample ? 1 : end.reviewers, end.now, job.id, verdict.stage, verdict.subject}));
  return {};
}

// Names of rules are the operator's own words; whose job it is is sealed, and the prompt is nowhere.
AuditEvent event_of(const Job& job, const JobEnd& end) {
  Json said = Json::array();
  for (const VerdictRow& verdict : end.verdicts)
    said.push_back({{"stage", verdict_stage_name(verdict.stage)},
                    {"verdict", standing_name(verdict.standing)},
                    {"policy", verdict.policy},
                    {"rules", verdict.rules}});
  AuditEvent event{"job.verdict", {}, {"job", job.id}};
  event.details = {{"state", job_state_name(end.state)}, {"verdicts", std::move(said)}};
  event.sealed.emplace_back("tenant", job.tenant);
  return event;
}

}  // namespace

Result<VerdictRow> read_verdict(const Rows& rows, std::string_view tenant, int first) {
  VerdictRow verdict;
  verdict.job = rows.text(first);
  verdict.stage = static_cast<VerdictStage>(rows.number(first + 1));
  verdict.subject = rows.text(first + 2);
  verdict.standing = static_cast<Standing>(rows.number(first + 3));
  verdict.policy = rows.text(first + 4);
  for (const Json& rule : TRY(rows.json(first + 5))) verdict.rules.push_back(rule.get<std::string>());
  const std::string row = row_of(verdict.job, verdict);
  RowTexts texts(rows, tenant, row);
  for (const Json& reason : texts.json(first + 6, "verdicts.reasons"))
    verdict.reasons.push_back(reason.get<std::string>());
  const std::string unreadable = TRY(texts.unreadable());
  if (!unreadable.empty()) verdict.reasons.push_back("(" + unreadable + ")");
  verdict.risk = rows.real(first + 7);
  verdict.categories = TRY(rows.json(first + 8));
  verdict.created = rows.integer(first + 9);
  return verdict;
}

Result<void> insert_verdicts(Connection& db, AuditAppender& audit, const Job& job, const JobEnd& end) {
  if (end.verdicts.empty()) return {};
  for (const VerdictRow& verdict : end.verdicts) {
    TRY(insert_verdict(db, verdict, job));
    if (verdict.standing == Standing::held || verdict.sampled) TRY(open_review(db, verdict, end, job));
  }
  TRY(audit.append(db, event_of(job, end)));
  return {};
}

bool is_output_kept(VerdictStage stage, std::string_view subject) {
  return stage == VerdictStage::output && is_id(subject, "pic");
}

Result<bool> is_approved(Connection& db, std::string_view job, VerdictStage stage, std::string_view subject) {
  const int64_t outcome =
      TRY(db.integer("SELECT ifnull((SELECT outcome FROM reviews WHERE job = ? AND stage = ? AND subject = ?"
                     " AND decided > 0 ORDER BY decided DESC, id DESC LIMIT 1), ?)",
                     {job, stage, subject, Standing::held}));
  return static_cast<Standing>(outcome) == Standing::passed;
}

}  // namespace sqlite
}  // namespace limner
