#pragma once
// Jobs in the hands of those who draw them. Functions of JobTable, within a transaction.

#include <span>
#include <string_view>
#include <vector>

#include "ledger/jobs.h"
#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

Result<Job> begin_job(Connection& db, std::string_view id, std::string_view owner, TimeUs lease_until,
                      TimeUs now);
Result<void> advance_job(Connection& db, std::string_view id, std::string_view owner, JobState state,
                         std::span<const KeptStage> kept, int64_t engine_us);
Result<void> release_job(Connection& db, std::string_view id, std::string_view owner, int64_t engine_us);
Result<std::vector<Job>> reclaim_jobs(Connection& db, TimeUs now, std::string_view owner_gone);

}  // namespace limner::sqlite
