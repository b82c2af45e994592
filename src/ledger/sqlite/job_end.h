#pragma once
// How a job ends, and how it is given another chance.

#include "ledger/jobs.h"
#include "ledger/sqlite/audit_appender.h"
#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// JobTable::end() and requeue(), within a transaction.
Result<Job> end_job(Connection& db, AuditAppender& audit, const JobEnd& end);
Result<Job> requeue_job(Connection& db, std::string_view id, int64_t reserved_micros, TimeUs now,
                        TimeUs deadline);

/// A message for the job's webhook, if it has one and there is something to say.
Result<void> write_delivery(Connection& db, const Job& job, std::string_view body, TimeUs now);

}  // namespace limner::sqlite
