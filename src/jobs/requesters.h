#pragma once
// Who waits for jobs on connections: several may wait for one, where a request came again.

#include <mutex>
#include <string>
#include <unordered_map>

namespace limner {

/// Thread-safe.
class Requesters {
 public:
  /// One more who waits for the job. False, and nobody is counted, where the job is given up.
  bool join(const std::string& job);
  /// One less, who waits no more because there is an answer.
  void leave(const std::string& job);
  /// One less, who hung up. True for the last one: the job is given up until it is settled.
  bool hang_up(const std::string& job);
  /// The job that was given up has ended, or will without anything being done about it.
  void settle(const std::string& job);
  /// Whether all who waited have hung up, and the job may not have ended yet.
  bool given_up(const std::string& job) const;

 private:
  static constexpr int kGivenUp = 0;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, int> waiting_;  ///< kGivenUp, or how many
};

}  // namespace limner
