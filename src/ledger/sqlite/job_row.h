#pragma once
// A job as rows of jobs, job_tags and kept_stages.

#include "ledger/jobs.h"
#include "ledger/sqlite/claims.h"
#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// "SELECT all that read_job() reads FROM jobs" and what follows.
std::string jobs_query(std::string_view rest);
Result<Job> read_job(const Rows& rows);

/// `not_found` if there is none.
Result<Job> find_job(Connection& db, std::string_view id);

/// Writes a new job with its tags and the uploads it names. `day`: on which its pictures are counted.
Result<void> insert_job(Connection& db, const Job& job, int64_t day);

/// What an open job holds.
Result<Claim> claim_of(Connection& db, const Job& job);

Error no_job(std::string_view id);
/// The job is not in a state in which it could be `done`: "begun", "ended".
Error not_now(const Job& job, std::string_view done);

/// The error of a job as its column holds it; empty (NULL) for none.
Result<std::string> error_column(Connection& db, const Job& job, const JobError& error);

}  // namespace limner::sqlite
