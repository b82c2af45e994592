#include "store/s3_time.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

namespace limner {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

// Years that fit four digits and whose microseconds fit TimeUs.
constexpr int kFirstYear = 1970, kLastYear = 9999;

struct DayTime {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

std::optional<TimeUs> time_of(const DayTime& at) {
  const year_month_day date{std::chrono::year(at.year), std::chrono::month(static_cast<unsigned>(at.month)),
                            std::chrono::day(static_cast<unsigned>(at.day))};
  if (at.year < kFirstYear || at.year > kLastYear || !date.ok()) return std::nullopt;
  // 60 is a leap second.
  if (at.hour > 23 || at.minute > 59 || at.second > 60) return std::nullopt;
  const int64_t day = sys_days(date).time_since_epoch().count();
  return day * kDayUs + (at.hour * 3600 + at.minute * 60 + at.second) * kSecondUs;
}

// Reads a text by a pattern: a run of 'Y', 'M', 'D', 'h', 'm' or 's' stands for that many digits, '*' for any
// character, others for themselves.
bool read_pattern(std::string_view text, std::string_view pattern, DayTime& at) {
  if (text.size() != pattern.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    int* number = nullptr;
    switch (pattern[i]) {
      case 'Y':
        number = &at.year;
        break;
      case 'M':
        number = &at.month;
        break;
      case 'D':
        number = &at.day;
        break;
      case 'h':
        number = &at.hour;
        break;
      case 'm':
        number = &at.minute;
        break;
      case 's':
        number = &at.second;
        break;
      case '*':
        continue;
      default:
        if (text[i] != pattern[i]) return false;
        continue;
    }
    if (text[i] < '0' || text[i] > '9') return false;
    *number = *number * 10 + (text[i] - '0');
  }
  return true;
}

}  // namespace

std::string amz_date(TimeUs time) {
  const sys_days day{days(time / kDayUs)};
  const year_month_day date(day);
  const int64_t seconds = time % kDayUs / kSecondUs;
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), seconds / 3600,
                     seconds / 60 % 60, seconds % 60);
}

std::optional<TimeUs> parse_iso_time(std::string_view text) {
  DayTime at;
  constexpr std::string_view kPattern = "YYYY-MM-DDThh:mm:ss";
  // Fractions of a second differ from server to server and matter to nobody.
  if (!text.ends_with('Z') || !read_pattern(text.substr(0, kPattern.size()), kPattern, at))
    return std::nullopt;
  return time_of(at);
}

std::optional<TimeUs> parse_http_time(std::string_view text) {
  DayTime at;
  if (!text.ends_with(" GMT") || !read_pattern(text, "***, DD *** YYYY hh:mm:ss ***", at))
    return std::nullopt;
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const size_t month = kMonths.find(text.substr(8, 3));
  if (month % 3 != 0) return std::nullopt;
  at.month = static_cast<int>(month / 3) + 1;
  return time_of(at);
}

}  // namespace limner
