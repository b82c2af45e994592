#pragma once
// Money: what a job cost is entered once and summed up in two running sums.

#include "base/clock.h"
#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// Adds `micros` to what the job has cost: to its usage row, to its entry of the month of `now`, and to what
/// its tenant and its key spent in that month. The job has a usage row.
Result<void> charge(Connection& db, std::string_view job, int64_t micros, TimeUs now);

}  // namespace limner::sqlite
