#pragma once
// A disk that fails now and then, for running a whole server against it.

#include <memory>
#include <string_view>

#include "base/result.h"
#include "store/file_calls.h"

namespace limner {

/// The system's calls, some of which fail: `faults` is "CALL:PROBABILITY,...,seed:NUMBER" with the calls
/// open, write, fsync and rename, which then fail with EIO, and enospc, a write that writes half and then
/// finds the disk full. Which calls fail depends on the seed (0 if not given) and on how many were made
/// before, so one thread sees the same faults in every run. `invalid` says what is wrong with `faults`.
Result<std::unique_ptr<FileCalls>> parse_faults(std::string_view faults);

}  // namespace limner
