#include "api/time_text.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <optional>

namespace limner {
namespace {

constexpr TimeUs kLatest = 253'402'300'800 * kSecondUs;  // the year 10,000

// Takes `digits` digits from the front.
std::optional<int> take_number(std::string_view& text, size_t digits) {
  int value = 0;
  if (text.size() < digits) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc() || end != text.data() + digits || text.front() == '-') return std::nullopt;
  text.remove_prefix(digits);
  return value;
}

bool take_one_of(std::string_view& text, std::string_view characters) {
  if (text.empty() || characters.find(text.front()) == characters.npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<TimeUs> take_date(std::string_view& text) {
  const auto year = take_number(text, 4);
  if (!year || !take_one_of(text, "-")) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take_one_of(text, "-")) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * kDayUs;
}

std::optional<TimeUs> take_clock(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take_one_of(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59 || !take_one_of(text, ":")) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second || *second > 60) return std::nullopt;
  TimeUs time = ((*hour * 60 + *minute) * 60 + *second) * kSecondUs;
  if (take_one_of(text, "."))
    for (TimeUs unit = kSecondUs / 10; !text.empty() && text.front() >= '0' && text.front() <= '9';
         unit /= 10) {
      time += (text.front() - '0') * unit;
      text.remove_prefix(1);
    }
  return time;
}

std::optional<TimeUs> take_offset(std::string_view& text) {
  if (take_one_of(text, "Zz")) return 0;
  const bool west = text.starts_with('-');
  if (!take_one_of(text, "+-")) return std::nullopt;
  const auto hours = take_number(text, 2);
  if (!hours || !take_one_of(text, ":")) return std::nullopt;
  const auto minutes = take_number(text, 2);
  if (!minutes) return std::nullopt;
  const TimeUs offset = (*hours * 60 + *minutes) * 60 * kSecondUs;
  return west ? -offset : offset;
}

std::optional<TimeUs> seconds_since_1970(std::string_view text) {
  TimeUs seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0 ||
      seconds > kLatest / kSecondUs)
    return std::nullopt;
  return seconds * kSecondUs;
}

std::optional<TimeUs> date_and_clock(std::string_view text) {
  const std::optional<TimeUs> date = take_date(text);
  if (!date || text.empty()) return date;
  if (!take_one_of(text, "Tt ")) return std::nullopt;
  const std::optional<TimeUs> clock = take_clock(text);
  if (!clock) return std::nullopt;
  const std::optional<TimeUs> offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return *date + *clock - *offset;
}

}  // namespace

std::string rfc3339_text(TimeUs time) {
  const std::chrono::sys_time<std::chrono::microseconds> point{std::chrono::microseconds(time)};
  const auto day = std::chrono::floor<std::chrono::days>(point);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(point - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

Json time_json(TimeUs time) { return time == 0 ? Json(nullptr) : Json(rfc3339_text(time)); }

Result<TimeUs> parse_time(std::string_view text, std::string_view field) {
  std::optional<TimeUs> time = seconds_since_1970(text);
  if (!time) time = date_and_clock(text);
  if (!time || *time < 0)
    return invalid(std::string(field), "not a time",
                   "write 2026-01-31, 2026-01-31T12:00:00Z or seconds since 1970");
  return *time;
}

}  // namespace limner
