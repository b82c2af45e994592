#pragma once
// Appends to the audit log, within the transaction of the change that a leaf is about.

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>

#include "audit/audit_event.h"
#include "audit/signed_note.h"
#include "base/clock.h"
#include "ledger/sqlite/connection.h"

namespace limner::sqlite {

/// How many leaves there are, the last one's seal, and the seal of both.
struct AuditEnd {
  uint64_t size = 0;
  std::string last_seal, head_seal;
};

class AuditAppender {
 public:
  AuditAppender(std::filesystem::path key_path, const Clock& clock)
      : key_path_(std::move(key_path)), clock_(clock) {}

  /// In a write transaction. The leaf's number. An Error means that the change must not be made either.
  Result<uint64_t> append(Connection& db, const AuditEvent& event);
  /// The log's key, made with the first leaf. Thread-safe.
  Result<std::shared_ptr<const NoteSigner>> signer();
  /// How many leaves this process appended, some of which may have been undone. Thread-safe.
  uint64_t appended() const { return appended_; }

 private:
  /// The end that the next leaf follows.
  Result<AuditEnd> begin_or_check(Connection& db, const NoteSigner& signer);
  Result<uint64_t> append_leaf(Connection& db, const NoteSigner& signer, const AuditEnd& end,
                               const AuditEvent& event);

  const std::filesystem::path key_path_;
  const Clock& clock_;
  std::mutex mutex_;
  std::shared_ptr<const NoteSigner> signer_;
  std::atomic<uint64_t> appended_ = 0;
};

/// Whether a log without leaves must have had some: the making of tenants and keys is told in it.
Result<bool> log_was_emptied(Connection& db);
/// What the log ends with now. `data_loss` where its end is missing, or all of it.
Result<AuditEnd> audit_end(Connection& db);
/// `data_loss` unless the end is what `signer` sealed: leaves were cut off, or changed.
Result<void> check_end_sealed(const AuditEnd& end, const NoteSigner& signer);

}  // namespace limner::sqlite
