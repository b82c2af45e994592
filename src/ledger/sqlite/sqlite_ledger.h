#pragma once
// The ledger in a file of SQLite.

#include <filesystem>

#include "ledger/ledger.h"
#include "ledger/sqlite/audit_checkpoints.h"
#include "ledger/sqlite/audit_table.h"
#include "ledger/sqlite/batch_table.h"
#include "ledger/sqlite/checkpointer.h"
#include "ledger/sqlite/data_key_table.h"
#include "ledger/sqlite/database.h"
#include "ledger/sqlite/deferred_writes.h"
#include "ledger/sqlite/delivery_table.h"
#include "ledger/sqlite/incident_table.h"
#include "ledger/sqlite/job_table.h"
#include "ledger/sqlite/panel_table.h"
#include "ledger/sqlite/picture_table.h"
#include "ledger/sqlite/review_table.h"
#include "ledger/sqlite/sealed_columns.h"
#include "ledger/sqlite/setting_table.h"
#include "ledger/sqlite/tenant_table.h"
#include "ledger/sqlite/upload_table.h"
#include "ledger/sqlite/usage_table.h"

namespace limner::sqlite {

class SqliteLedger final : public Ledger {
 public:
  /// The connections are of a database that is migrated and in WAL mode.
  struct Connections {
    Connection writer, checkpointer;
    std::vector<Connection> readers;
    bool encrypted;  ///< there are data keys, so that texts may be sealed
  };
  SqliteLedger(Connections connections, const LedgerConfig& config, const Clock& clock);

  TenantTable& tenants() override { return tenants_; }
  JobTable& jobs() override { return jobs_; }
  PictureTable& pictures() override { return pictures_; }
  UsageTable& usage() override { return usage_; }
  UploadTable& uploads() override { return uploads_; }
  BatchTable& batches() override { return batches_; }
  DeliveryTable& deliveries() override { return deliveries_; }
  SettingTable& settings() override { return settings_; }
  AuditTable& audit() override { return audit_; }
  IncidentTable& incidents() override { return incidents_; }
  ReviewTable& reviews() override { return reviews_; }
  PanelTable& panels() override { return panels_; }
  DataKeyTable& data_keys() override { return data_keys_; }
  Result<void> backup(const std::filesystem::path& to) override;
  Result<void> flush() override { return deferred_.flush(); }
  Result<int64_t> seal_texts() override { return seal_all_texts(database_); }
  Result<void> settle() override;
  Result<void> probe() override;

 private:
  static Connection watched(Connection writer, Checkpointer& checkpointer);
  static Connection sealing(Connection db, const LedgerConfig& config, AuditAppender& audit, bool encrypted);
  static std::vector<Connection> sealing(std::vector<Connection> readers, const LedgerConfig& config,
                                         AuditAppender& audit, bool encrypted);

  // In this order: each uses those before it, and is gone before them.
  const Clock& clock_;
  const std::filesystem::path path_;
  AuditAppender appender_;
  Checkpointer checkpointer_;
  Writer writer_;
  ReadPool readers_;
  DeferredWrites deferred_;
  Database database_;
  AuditCheckpoints checkpoints_;
  SqliteTenantTable tenants_;
  SqliteJobTable jobs_;
  SqlitePictureTable pictures_;
  SqliteUsageTable usage_;
  SqliteUploadTable uploads_;
  SqliteBatchTable batches_;
  SqliteDeliveryTable deliveries_;
  SqliteSettingTable settings_;
  SqliteAuditTable audit_;
  SqliteIncidentTable incidents_;
  SqliteReviewTable reviews_;
  SqlitePanelTable panels_;
  SqliteDataKeyTable data_keys_;
};

}  // namespace limner::sqlite
