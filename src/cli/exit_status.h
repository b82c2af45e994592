#pragma once
// The one table from kinds of failure to what the shell sees.

#include "base/result.h"
#include "policy/verdict.h"

namespace limner {

/// 0 done, 1 failed, 2 wrong usage or bad input, 3 refused by policy, 4 held by policy for a person to
/// decide, 130 interrupted.
int exit_status(Code code);
int exit_status(Outcome outcome);

}  // namespace limner
