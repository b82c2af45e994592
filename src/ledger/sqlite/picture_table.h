#pragma once
// Pictures in SQLite.

#include "ledger/pictures.h"
#include "ledger/sqlite/audit_appender.h"
#include "ledger/sqlite/database.h"
#include "ledger/sqlite/deferred_writes.h"

namespace limner::sqlite {

class SqlitePictureTable final : public PictureTable {
 public:
  SqlitePictureTable(Database& database, DeferredWrites& deferred, AuditAppender& audit)
      : database_(database), deferred_(deferred), audit_(audit) {}
  Result<PictureRow> find(std::string_view id) override;
  Result<std::vector<PictureRow>> of_job(std::string_view job) override;
  Result<std::vector<std::string>> live_keys(const std::vector<std::string>& keys) override;
  Result<std::vector<PictureRow>> marked_with(uint64_t watermark, int bits, int limit) override;
  Result<std::vector<StoredHash>> hashes_after(int64_t after, int quality_min, int limit) override;
  Result<PictureRow> hashed_as(int64_t number) override;
  Result<void> mark_deleted(std::string_view id, TimeUs now, const AuditParty& by) override;
  Result<std::vector<PictureRow>> beyond_retention(TimeUs now, int limit) override;
  void add_sent(std::string_view id, uint64_t bytes, int64_t cost_micros) override {
    deferred_.add_sent(id, bytes, cost_micros);
  }

 private:
  Database& database_;
  DeferredWrites& deferred_;
  AuditAppender& audit_;
};

}  // namespace limner::sqlite
