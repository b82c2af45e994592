#pragma once
// What follows from a reviewer's decision, and from a requester's contradiction.

#include "ledger/reviews.h"
#include "ledger/sqlite/audit_appender.h"
#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// ReviewTable::decide() and appeal(), within a transaction.
Result<Reviewed> decide_review(Connection& db, AuditAppender& audit, std::string_view id,
                               const ReviewDecision& decision, int hourly_max,
                               const WebhookBody& webhook_body);
Result<std::vector<Review>> appeal_job(Connection& db, AuditAppender& audit, std::string_view job,
                                       std::string_view text, const AuditParty& by, TimeUs now);

}  // namespace limner::sqlite
