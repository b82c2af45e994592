#pragma once
// Small facts that come with every request and are not worth a commit each.

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.h"
#include "ledger/sqlite/writer.h"

namespace limner::sqlite {

/// Gathers them and writes them about once a second, all in one write. What was not yet written is lost with
/// the process; what cannot be written is kept and tried again. Thread-safe.
class DeferredWrites {
 public:
  DeferredWrites(Writer& writer, const Clock& clock);
  /// Writes what is left.
  ~DeferredWrites();
  DeferredWrites(const DeferredWrites&) = delete;
  DeferredWrites& operator=(const DeferredWrites&) = delete;

  void touch_key(std::string_view id, TimeUs now);
  void add_sent(std::string_view picture, uint64_t bytes, int64_t cost_micros);
  /// Writes everything that was gathered before the call.
  Result<void> flush();

 private:
  struct Sent {
    uint64_t bytes = 0;
    int64_t cost_micros = 0;
  };
  struct Gathered {
    std::map<std::string, TimeUs, std::less<>> used;  ///< keys, to the minute
    std::map<std::string, Sent, std::less<>> sent;    ///< pictures
    bool empty() const { return used.empty() && sent.empty(); }
  };
  void gather(const Gathered& more);
  Result<void> write(Connection& db, const Gathered& gathered) const;
  void work();

  Writer& writer_;
  const Clock& clock_;
  std::mutex flushing_;  ///< one flush at a time, so that none returns before what another took is written
  std::mutex mutex_;
  std::condition_variable stop_;
  Gathered gathered_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace limner::sqlite
