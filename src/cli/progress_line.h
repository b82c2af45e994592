#pragma once
// What a person sees on standard error while something takes its time.

#include <chrono>
#include <string>

namespace limner {

/// A bar that is redrawn in place on a terminal, a line when a stage begins elsewhere, nothing when quiet.
class ProgressLine {
 public:
  explicit ProgressLine(bool quiet);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// A stage begins: "loading limner-tiny".
  void stage(const std::string& text);
  /// `done` of `total` things ("step", "tile") of the present stage. Redrawn at most every 100 ms.
  void update(int done, int total, const char* unit);
  /// A line that stays: warnings.
  void note(const std::string& text);
  /// Wipes the bar.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool quiet_, terminal_, bar_shown_ = false;
  Clock::time_point started_, drawn_at_;
};

}  // namespace limner
