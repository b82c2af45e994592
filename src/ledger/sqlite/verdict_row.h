#pragma once
// What policies said, as rows.

#include <vector>

#include "ledger/jobs.h"
#include "ledger/sqlite/audit_appender.h"
#include "ledger/sqlite/connection.h"
#include "ledger/verdicts.h"

namespace limner::sqlite {

/// The columns that read_verdict() reads, from `verdicts`, beginning with column `first` of the answer.
inline constexpr std::string_view kVerdictColumns =
    "verdicts.job, verdicts.stage, verdicts.subject, verdicts.standing, verdicts.policy, verdicts.rules,"
    " verdicts.reasons, verdicts.risk, verdicts.categories, verdicts.created";
Result<VerdictRow> read_verdict(const Rows& rows, std::string_view tenant, int first = 0);

/// The verdicts of a job that ends, the reviews that they make, and one leaf of the audit log that sums them
/// up. What persons approved before is not held again.
Result<void> insert_verdicts(Connection& db, AuditAppender& audit, const Job& job, const JobEnd& end);

/// Whether persons approved it: the last review that was decided says so.
/// Whether it is a picture that was kept: other outputs are previews, which nobody keeps.
bool is_output_kept(VerdictStage stage, std::string_view subject);
Result<bool> is_approved(Connection& db, std::string_view job, VerdictStage stage, std::string_view subject);

}  // namespace limner::sqlite
