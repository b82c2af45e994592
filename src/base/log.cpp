#include "base/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace limner {
namespace {

constexpr size_t kLineBytesMax = 16u << 10;
constexpr std::string_view kCutMark = R"(,"cut":true)";
constexpr std::string_view kEnd = "}\n";

const char* level_name(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

std::string json_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string time_text(TimeUs time) {
  const std::time_t seconds = time / kSecondUs;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(seconds), time % kSecondUs);
}

// The line is JSON at any length: fields that do not fit are left out, and a mark says so.
std::string line_text(TimeUs time, LogLevel level, std::string_view event,
                      std::initializer_list<LogField> fields) {
  constexpr size_t kFieldsEnd = kLineBytesMax - kCutMark.size() - kEnd.size();
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","event":{})", time_text(time),
                                 level_name(level), json_text(event.substr(0, 256)));
  bool cut = false;
  for (const auto& [name, value] : fields) {
    const std::string field = fmt::format(",{}:{}", json_text(name), json_text(value));
    const bool fits = line.size() + field.size() <= kFieldsEnd;
    if (fits) line += field;
    cut = cut || !fits;
  }
  if (cut) line += kCutMark;
  return line += kEnd;
}

}  // namespace

Log::Log(int descriptor, LogLevel least, bool prompts_allowed, const Clock& clock)
    : descriptor_(descriptor), least_(least), prompts_allowed_(prompts_allowed), clock_(clock) {}

void Log::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (level < least_) return;
  const std::string line = line_text(clock_.now(), level, event, fields);
  std::string_view rest = line;
  const std::lock_guard lock(mutex_);
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    // Nobody is left to tell: a log that cannot be written must not stop the work that it speaks of.
    if (written <= 0) return;
    rest.remove_prefix(static_cast<size_t>(written));
  }
}

void Log::debug(std::string_view event, std::initializer_list<LogField> fields) {
  write(LogLevel::debug, event, fields);
}
void Log::info(std::string_view event, std::initializer_list<LogField> fields) {
  write(LogLevel::info, event, fields);
}
void Log::warning(std::string_view event, std::initializer_list<LogField> fields) {
  write(LogLevel::warning, event, fields);
}
void Log::error(std::string_view event, std::initializer_list<LogField> fields) {
  write(LogLevel::error, event, fields);
}

}  // namespace limner
