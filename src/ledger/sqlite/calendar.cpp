#include "ledger/sqlite/calendar.h"

#include <fmt/format.h>

#include <chrono>

namespace limner::sqlite {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

sys_days date(TimeUs time) {
  return std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::microseconds>(std::chrono::microseconds(time)));
}

std::string midnight(const year_month_day& day) {
  return fmt::format("{:04}-{:02}-{:02}T00:00:00Z", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

}  // namespace

int64_t day_of(TimeUs time) { return date(time).time_since_epoch().count(); }

int64_t month_of(TimeUs time) {
  const year_month_day day = date(time);
  return int64_t{static_cast<int>(day.year())} * 100 + static_cast<unsigned>(day.month());
}

std::string next_day(TimeUs time) { return midnight(date(time) + std::chrono::days(1)); }

std::string next_month(TimeUs time) {
  const year_month_day day = date(time);
  return midnight((day.year() / day.month() + std::chrono::months(1)) / std::chrono::day(1));
}

}  // namespace limner::sqlite
