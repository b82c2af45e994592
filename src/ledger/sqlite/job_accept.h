#pragma once
// How a request becomes a job, once.

#include "ledger/jobs.h"
#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// JobTable::accept() and find_repeated(), within a transaction.
Result<Accepted> accept_job(Connection& db, const Job& job, const std::optional<Idempotency>& idempotency);
Result<std::optional<Job>> find_repeated_job(Connection& db, const Idempotency& idempotency, TimeUs now);

}  // namespace limner::sqlite
