#include "cli/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "cli/printable.h"

namespace limner {
namespace {

constexpr int kBarWidth = 30;

std::string duration_text(double seconds) {
  const int whole = static_cast<int>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

// Not fmt::print, which throws: a standard error that cannot be written to is no reason to stop drawing.
template <class... Values>
void write_to_terminal(fmt::format_string<Values...> text, Values&&... values) {
  std::fputs(fmt::format(text, std::forward<Values>(values)...).c_str(), stderr);
}

}  // namespace

ProgressLine::ProgressLine(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::stage(const std::string& what) {
  if (quiet_) return;
  const std::string text = printable(what);
  clear();
  started_ = Clock::now();
  drawn_at_ = {};
  if (terminal_) {
    write_to_terminal("\r{}...", text);
    bar_shown_ = true;
  } else {
    write_to_terminal("{}\n", text);
  }
  std::fflush(stderr);
}

void ProgressLine::update(int done, int total, const char* unit) {
  if (quiet_ || !terminal_ || total <= 0) return;
  const Clock::time_point now = Clock::now();
  if (done < total && now - drawn_at_ < std::chrono::milliseconds(100)) return;
  drawn_at_ = now;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  const double rate = seconds > 0 ? done / seconds : 0;
  const int filled = kBarWidth * done / total;
  std::string bar(static_cast<size_t>(filled), '#');
  bar.resize(kBarWidth, '-');
  const std::string pace =
      rate >= 1 || rate == 0 ? fmt::format("{:.2f} it/s", rate) : fmt::format("{:.2f} s/it", 1 / rate);
  const std::string left = done > 0 ? duration_text((total - done) / std::max(rate, 1e-9)) : "?";
  write_to_terminal("\r\033[K[{}] {} {}/{}  {}  {} left", bar, unit, done, total, pace, left);
  std::fflush(stderr);
  bar_shown_ = true;
}

void ProgressLine::note(const std::string& text) {
  clear();
  if (!quiet_) write_to_terminal("limner: {}\n", printable(text));
}

void ProgressLine::clear() {
  if (!bar_shown_) return;
  write_to_terminal("\r\033[K");
  std::fflush(stderr);
  bar_shown_ = false;
}

}  // namespace limner
