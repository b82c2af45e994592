#include "ledger/sqlite/review_table.h"

#include <fmt/format.h>

#include "ledger/sqlite/review_decide.h"
#include "ledger/sqlite/review_row.h"
#include "ledger/sqlite/verdict_row.h"

namespace limner::sqlite {

Result<std::vector<VerdictRow>> SqliteReviewTable::verdicts(std::string_view job) {
  return database_.read([&](Connection& db) {
    constexpr int kTenantAt = 10;
    return db.collect<VerdictRow>(
        [](const Rows& rows) { return read_verdict(rows, rows.text(kTenantAt)); },
        fmt::format("SELECT {}, jobs.tenant FROM verdicts JOIN jobs ON jobs.id = job WHERE job = ?"
                    " ORDER BY verdicts.created, verdicts.stage, verdicts.subject",
                    kVerdictColumns),
        {job});
  });
}

Result<bool> SqliteReviewTable::approved(std::string_view job, VerdictStage stage, std::string_view subject) {
  return database_.read([&](Connection& db) { return is_approved(db, job, stage, subject); });
}

Result<Review> SqliteReviewTable::find(std::string_view id) {
  return database_.read([&](Connection& db) { return find_review(db, id); });
}

Result<std::vector<Review>> SqliteReviewTable::list(const ReviewQuery& query) {
  return database_.read([&](Connection& db) {
    std::string rest = query.open ? "WHERE decided = 0" : "WHERE decided > 0";
    std::vector<Value> values;
    const auto filter = [&](const char* condition, Value value) {
      rest.append(" AND ").append(condition);
      values.push_back(value);
    };
    if (!query.tenant.empty()) filter("tenant = ?", query.tenant);
    if (!query.job.empty()) filter("job = ?", query.job);
    if (query.cause) filter("cause = ?", *query.cause);
    if (query.escalated) filter("escalated = ?", *query.escalated);
    rest += query.by_risk ? " ORDER BY reviews.risk DESC, id"
            : query.open  ? " ORDER BY id"
                          : " ORDER BY decided DESC, id DESC";
    rest += " LIMIT ? OFFSET ?";
    values.push_back(query.limit);
    values.push_back(query.offset);
    return read_reviews(db, rest, values);
  });
}

Result<Reviewed> SqliteReviewTable::decide(std::string_view id, const ReviewDecision& decision,
                                           int hourly_max, const WebhookBody& webhook_body) {
  return database_.write(
      [&](Connection& db) { return decide_review(db, audit_, id, decision, hourly_max, webhook_body); });
}

Result<std::vector<Review>> SqliteReviewTable::appeal(std::string_view job, std::string_view text,
                                                      const AuditParty& by, TimeUs now) {
  return database_.write([&](Connection& db) { return appeal_job(db, audit_, job, text, by, now); });
}

Result<ReviewAgreement> SqliteReviewTable::agreement(TimeUs from, TimeUs to) {
  return database_.read([&](Connection& db) -> Result<ReviewAgreement> {
    // Of each review its first two votes: approve and approve, approve and refuse, and so on.
    Rows rows = TRY(
        db.query("WITH votes AS (SELECT review, decision, row_number() OVER (PARTITION BY review ORDER BY "
                 "position) AS n"
                 " FROM review_decisions JOIN reviews ON reviews.id = review"
                 " WHERE decided >= ? AND decided < ? AND decided > 0 AND decision < 2)"
                 " SELECT a.decision, b.decision, count(*) FROM votes a JOIN votes b ON a.review = b.review"
                 " WHERE a.n = 1 AND b.n = 2 GROUP BY 1, 2",
                 {from, to}));
    double counts[2][2] = {};
    while (TRY(rows.next())) counts[rows.number(0)][rows.number(1)] = rows.real(2);
    const double pairs = counts[0][0] + counts[0][1] + counts[1][0] + counts[1][1];
    ReviewAgreement agreement;
    agreement.pairs = static_cast<int>(pairs);
    agreement.agreed = static_cast<int>(counts[0][0] + counts[1][1]);
    if (pairs == 0) return agreement;
    const double first = (counts[0][0] + counts[0][1]) / pairs,
                 second = (counts[0][0] + counts[1][0]) / pairs;
    const double by_chance = first * second + (1 - first) * (1 - second);
    const double seen = agreement.agreed / pairs;
    agreement.kappa = by_chance < 1 ? (seen - by_chance) / (1 - by_chance) : 1;
    return agreement;
  });
}

Result<std::vector<Review>> SqliteReviewTable::decided(std::string_view after_id, int limit) {
  return database_.read([&](Connection& db) {
    const Value values[] = {after_id, limit};
    return read_reviews(db, "WHERE decided > 0 AND id > ? ORDER BY id LIMIT ?", values);
  });
}

}  // namespace limner::sqlite
