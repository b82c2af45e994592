#pragma once
// How a job ends, and how it is given another chance.

#include "ledger/jobs.h"
#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// JobTable::end() and requeue(), within a transaction.
Result<Job> end_job(Connection& db, const JobEnd& end);
Result<Job> requeue_job(Connection& db, std::string_view id, int64_t reserved_micros, TimeUs now,
                        TimeUs deadline);

}  // namespace limner::sqlite
