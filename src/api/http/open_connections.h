#pragma once
// How many connections there are, in all and from whom.

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

#include "api/http/request_journal.h"
#include "api/http_server.h"

namespace limner {

/// Thread-safe.
class OpenConnections {
 public:
  OpenConnections(const HttpConfig& config, RequestJournal& journal) : config_(config), journal_(journal) {}
  /// False if there are too many already.
  bool enter(const std::string& remote);
  void leave(const std::string& remote);
  /// Returns when there are none, or after `seconds`.
  void wait_for_none(double seconds);

 private:
  const HttpConfig& config_;
  RequestJournal& journal_;
  std::mutex mutex_;
  std::condition_variable none_left_;
  size_t open_ = 0;
  std::unordered_map<std::string, size_t> by_address_;
};

}  // namespace limner
