#include "ledger/sqlite/review_row.h"

#include <fmt/format.h>

#include "ledger/sqlite/row_texts.h"
#include "ledger/sqlite/verdict_row.h"

namespace limner {

namespace {

constexpr const char* kCauses[] = {"held", "sample", "appeal"};
constexpr const char* kRulings[] = {"approve", "refuse", "escalate"};

}  // namespace

const char* review_cause_name(ReviewCause cause) { return kCauses[static_cast<size_t>(cause)]; }

Result<ReviewCause> review_cause_from_name(std::string_view name) {
  for (size_t i = 0; i < std::size(kCauses); ++i)
    if (name == kCauses[i]) return static_cast<ReviewCause>(i);
  return invalid("cause", fmt::format("'{}' is none; there are: held, sample, appeal", name.substr(0, 40)));
}

const char* ruling_name(Ruling ruling) { return kRulings[static_cast<size_t>(ruling)]; }

Result<Ruling> ruling_from_name(std::string_view name) {
  for (size_t i = 0; i < std::size(kRulings); ++i)
    if (name == kRulings[i]) return static_cast<Ruling>(i);
  return invalid("decision",
                 fmt::format("'{}' is none; there are: approve, refuse, escalate", name.substr(0, 40)));
}

namespace sqlite {
namespace {

constexpr int kVerdictFrom = 9;

Result<Review> read_review(const Rows& rows) {
  Review review;
  review.id = rows.text(0);
  review.cause = static_cast<ReviewCause>(rows.number(1));
  review.tenant = rows.text(2);
  RowTexts texts(rows, review.tenant, review.id);
  review.appeal = texts.shown(3, "reviews.appeal");
  TRY(texts.unreadable());
  review.wanted = rows.number(4);
  review.escalated = rows.boolean(5);
  review.created = rows.integer(6);
  review.decided = rows.integer(7);
  review.outcome = static_cast<Standing>(rows.number(8));
  review.verdict = TRY(read_verdict(rows, review.tenant, kVerdictFrom));
  return review;
}

Result<ReviewDecision> read_decision(const Rows& rows, const Review& review) {
  ReviewDecision decision{
      {rows.text(0), rows.text(1)}, static_cast<Ruling>(rows.number(2)), {}, rows.integer(4)};
  const std::string row = decision_row(review.id, decision.by);
  RowTexts texts(rows, review.tenant, row);
  decision.reason = texts.shown(3, "review_decisions.reason");
  TRY(texts.unreadable());
  return decision;
}

}  // namespace

std::string decision_row(std::string_view review, const AuditParty& by) {
  return fmt::format("{}:{}:{}", review, by.kind, by.id);
}

Result<std::vector<Review>> read_reviews(Connection& db, std::string_view rest,
                                         std::span<const Value> values) {
  const std::string sql = fmt::format(
      "SELECT id, cause, tenant, appeal, wanted, escalated, reviews.created, decided, outcome, {}"
      " FROM reviews JOIN verdicts USING (job, stage, subject) {}",
      kVerdictColumns, rest);
  std::vector<Review> reviews = TRY(db.collect<Review>(read_review, sql, values));
  for (Review& review : reviews)
    review.decisions =
        TRY(db.collect<ReviewDecision>([&](const Rows& rows) { return read_decision(rows, review); },
                                       "SELECT by_kind, by_id, decision, reason, at FROM review_decisions"
                                       " WHERE review = ? ORDER BY position",
                                       {review.id}));
  return reviews;
}

Result<Review> find_review(Connection& db, std::string_view id) {
  const Value values[] = {id};
  std::vector<Review> found = TRY(read_reviews(db, "WHERE id = ?", values));
  if (found.empty()) return not_found("review", fmt::format("there is no review '{}'", id.substr(0, 100)));
  return std::move(found.front());
}

}  // namespace sqlite
}  // namespace limner
