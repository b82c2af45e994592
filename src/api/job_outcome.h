#pragma once
// What came of a job, as an answer that waited for it says it.

#include <optional>

#include "base/result.h"
#include "ledger/jobs.h"

namespace limner {

/// What an ended job means to its requester: nothing if it is stored, else the error.
std::optional<Error> error_of(const Job& job);

}  // namespace limner
