#pragma once
// Files that requesters brought: pictures to draw over, masks, LoRAs, batch files; and files made for them.

#include <string>
#include <vector>

#include "audit/audit_event.h"
#include "base/clock.h"
#include "base/result.h"

namespace limner {

struct Upload {
  std::string id;  ///< "file_..."; OpenAI's "file-..." is answered by the dialect
  std::string tenant;
  std::string purpose;  ///< "picture", "lora", "batch", "batch_output"
  std::string name;     ///< as its owner called it, for showing only: never a path
  std::string content_type;
  std::string sha256;
  uint64_t bytes = 0;
  std::string key;                               ///< in the store
  TimeUs created = 0, expires = 0, deleted = 0;  ///< 0: never, not
};

class UploadTable {
 public:
  virtual ~UploadTable() = default;
  virtual Result<void> create(const Upload& upload) = 0;
  /// Deleted and expired ones are `not_found`.
  virtual Result<Upload> find(std::string_view id) = 0;
  /// The SHA-256 of its bytes; that of deleted and expired ones too.
  virtual Result<std::string> digest(std::string_view id) = 0;
  /// Newest first; `purpose` empty: all.
  virtual Result<std::vector<Upload>> list(std::string_view tenant, std::string_view purpose, int limit,
                                           std::string_view before) = 0;
  /// In the audit log, with who did it.
  virtual Result<void> mark_deleted(std::string_view id, TimeUs now, const AuditParty& by = {}) = 0;
  /// Not deleted, but over their expiry or their tenant's retention, not on hold and not input of a job that
  /// has not ended.
  virtual Result<std::vector<Upload>> beyond_retention(TimeUs now, int limit) = 0;
};

}  // namespace limner
