#pragma once
// A review with its verdict and decisions, as rows.

#include <span>
#include <vector>

#include "ledger/reviews.h"
#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// "SELECT all of a review FROM reviews JOIN verdicts", what follows, and their decisions.
Result<std::vector<Review>> read_reviews(Connection& db, std::string_view rest,
                                         std::span<const Value> values);
/// What names a decision among all.
std::string decision_row(std::string_view review, const AuditParty& by);

/// `not_found`.
Result<Review> find_review(Connection& db, std::string_view id);

}  // namespace limner::sqlite
