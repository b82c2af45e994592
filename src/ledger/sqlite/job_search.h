#pragma once
// Finding jobs by what is known of them.

#include "ledger/jobs.h"
#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// JobTable::search(). `invalid` for a limit or a text outside of what is allowed.
Result<JobPage> search_jobs(Connection& db, const JobQuery& query);

}  // namespace limner::sqlite
