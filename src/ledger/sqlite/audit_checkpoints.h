#pragma once
// Signs checkpoints of the audit log, beside the threads that write.

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "ledger/sqlite/audit_appender.h"
#include "ledger/sqlite/database.h"

namespace limner::sqlite {

/// A thread that makes one after so many leaves, or so long after one; and one more at the end, if this
/// process appended something. Between leaves it costs a look at a counter a second.
class AuditCheckpoints {
 public:
  AuditCheckpoints(Database& database, AuditAppender& appender, const Clock& clock, int rows, double seconds);
  ~AuditCheckpoints();
  AuditCheckpoints(const AuditCheckpoints&) = delete;
  AuditCheckpoints& operator=(const AuditCheckpoints&) = delete;

  /// A checkpoint of all leaves that are committed; empty for an empty log. Thread-safe. `data_loss`: the
  /// leaves do not agree with the last checkpoint or their seals.
  Result<std::string> make();

 private:
  void work();

  Database& database_;
  AuditAppender& appender_;
  const Clock& clock_;
  const uint64_t rows_;
  const double seconds_;
  std::mutex making_;  ///< one at a time
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace limner::sqlite
