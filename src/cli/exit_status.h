#pragma once
// The one table from kinds of failure to what the shell sees.

#include "base/result.h"

namespace limner {

/// 0 done, 1 failed, 2 wrong usage or bad input, 3 refused by policy, 130 interrupted.
int exit_status(Code code);

}  // namespace limner
