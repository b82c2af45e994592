#pragma once
// Reviews in SQLite. How one is decided lies in review_decide.

#include "ledger/reviews.h"
#include "ledger/sqlite/audit_appender.h"
#include "ledger/sqlite/database.h"

namespace limner::sqlite {

class SqliteReviewTable final : public ReviewTable {
 public:
  SqliteReviewTable(Database& database, AuditAppender& audit) : database_(database), audit_(audit) {}
  Result<std::vector<VerdictRow>> verdicts(std::string_view job) override;
  Result<bool> approved(std::string_view job, VerdictStage stage, std::string_view subject) override;
  Result<Review> find(std::string_view id) override;
  Result<std::vector<Review>> list(const ReviewQuery& query) override;
  Result<Reviewed> decide(std::string_view id, const ReviewDecision& decision, int hourly_max,
                          const WebhookBody& webhook_body) override;
  Result<std::vector<Review>> appeal(std::string_view job, std::string_view text, const AuditParty& by,
                                     TimeUs now) override;
  Result<ReviewAgreement> agreement(TimeUs from, TimeUs to) override;
  Result<std::vector<Review>> decided(std::string_view after_id, int limit) override;

 private:
  Database& database_;
  AuditAppender& audit_;
};

}  // namespace limner::sqlite
