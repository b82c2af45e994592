#pragma once
// UTC days and months, in which pictures are counted and money is spent.

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace limner::sqlite {

/// Days since 1970-01-01.
int64_t day_of(TimeUs time);
/// year * 100 + month: 202611.
int64_t month_of(TimeUs time);
/// When the day, the month after that of `time` begins: "2026-12-01T00:00:00Z".
std::string next_day(TimeUs time);
std::string next_month(TimeUs time);

}  // namespace limner::sqlite
