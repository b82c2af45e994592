#pragma once
// What happened, a JSON object a line, for machines and for people with jq.

#include <atomic>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"

namespace limner {

enum class LogLevel { debug, info, warning, error };

/// One field of a line.
using LogField = std::pair<std::string_view, Json>;

/// Writes lines such as
/// {"time":"2026-01-01T00:00:00.000000Z","level":"info","event":"job_stored","job":"..."}. `event` is a fixed
/// word; what varies is in fields. Prompts, keys and paths of a tenant's own do not belong here: whoever may
/// log a prompt asks prompts_allowed() first. A line is one write(), cut at 16 KiB. Thread-safe; never blocks
/// on a lock while it formats; never fails.
class Log {
 public:
  Log(int descriptor, LogLevel least, bool prompts_allowed, const Clock& clock);
  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields);
  void debug(std::string_view event, std::initializer_list<LogField> fields = {});
  void info(std::string_view event, std::initializer_list<LogField> fields = {});
  void warning(std::string_view event, std::initializer_list<LogField> fields = {});
  void error(std::string_view event, std::initializer_list<LogField> fields = {});
  bool prompts_allowed() const { return prompts_allowed_; }

 private:
  int descriptor_;
  LogLevel least_;
  bool prompts_allowed_;
  const Clock& clock_;
  std::mutex mutex_;
};

}  // namespace limner
