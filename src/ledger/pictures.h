#pragma once
// Pictures that were drawn: where their bytes are and what they are.

#include <cstdint>
#include <string>
#include <vector>

#include "audit/audit_event.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "ledger/verdicts.h"

namespace limner {

/// What a picture can be recognised by when its file says nothing any more. Kept when the picture is deleted:
/// neither says anything of who asked for it or what it shows.
struct PictureMark {
  int watermark_bits = 0;  ///< of the id in the pixels; 0: there is none
  uint64_t watermark = 0;  ///< the id
  std::string pdq;         ///< hash of the pixels, 64 hexadecimal digits; empty: it was not made
  int pdq_quality = 0;     ///< 0 to 100
};

/// A picture's hash, in the order in which they were stored.
struct StoredHash {
  int64_t number = 0;  ///< grows
  std::string pdq;
};

struct PictureRow {
  std::string id;  ///< "pic_..."
  std::string job, tenant;
  int position = 0;  ///< within the job
  uint64_t seed = 0;
  std::string sha256;  ///< of the file
  uint64_t bytes = 0;
  std::string format;  ///< "png", "jpeg", "webp", "avif"
  int width = 0, height = 0;
  std::string key;  ///< in the store
  TimeUs created = 0;
  TimeUs deleted = 0;  ///< 0: there
  int64_t cost_micros = 0;
  uint64_t bytes_sent = 0;               ///< delivered so far
  Standing standing = Standing::passed;  ///< what has not passed is given out to nobody but reviewers
  Json metadata;                         ///< the JSON that is also in the file
  std::string unreadable;                ///< why metadata, which is null then, cannot be read; empty: it can
  PictureMark mark = {};                 ///< written with the row; read by the calls below that say so only
};

class PictureTable {
 public:
  virtual ~PictureTable() = default;
  virtual Result<PictureRow> find(std::string_view id) = 0;
  virtual Result<std::vector<PictureRow>> of_job(std::string_view job) = 0;
  /// Which of these store keys a picture, an upload or a kept stage that is there points to.
  virtual Result<std::vector<std::string>> live_keys(const std::vector<std::string>& keys) = 0;
  /// Pictures that were marked with this id of so many bits, the newest first, deleted ones among them.
  virtual Result<std::vector<PictureRow>> marked_with(uint64_t watermark, int bits, int limit) = 0;
  /// Hashes of at least `quality_min` with numbers above `after`, the lowest first.
  virtual Result<std::vector<StoredHash>> hashes_after(int64_t after, int quality_min, int limit) = 0;
  /// The picture whose hash has this number, deleted or not.
  virtual Result<PictureRow> hashed_as(int64_t number) = 0;
  /// Marks as deleted; the object goes afterwards, so that no live row ever points to nothing. `conflict`
  /// under a legal hold. In the audit log, with who did it.
  virtual Result<void> mark_deleted(std::string_view id, TimeUs now, const AuditParty& by = {}) = 0;
  /// Pictures of tenants whose retention is over at `now`, without those on hold.
  virtual Result<std::vector<PictureRow>> beyond_retention(TimeUs now, int limit) = 0;
  /// Adds to bytes_sent here and in the job's usage row, with `cost_micros` for it; not durable at once.
  virtual void add_sent(std::string_view id, uint64_t bytes, int64_t cost_micros) = 0;
};

}  // namespace limner
