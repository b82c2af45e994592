#pragma once
// THE LEDGER: the truth about tenants, keys, jobs, pictures, usage. An interface, so that another database
// can follow; the embedded one is SQLite (sqlite/).

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ledger/audit.h"
#include "ledger/batches.h"
#include "ledger/data_keys.h"
#include "ledger/incidents.h"
#include "ledger/jobs.h"
#include "ledger/panels.h"
#include "ledger/pictures.h"
#include "ledger/reviews.h"
#include "ledger/settings.h"
#include "ledger/tenants.h"
#include "ledger/text_keys.h"
#include "ledger/uploads.h"
#include "ledger/usage.h"
#include "ledger/webhooks.h"

namespace limner {

/// What a committed transaction survives.
enum class Durability {
  power,   ///< the machine losing power: every commit is synced to the disk
  process  ///< this process being killed at any point; the last moments before a power cut may be lost
};

struct LedgerConfig {
  std::filesystem::path path;  ///< the database file; its folder must exist
  Durability durability = Durability::power;
  std::filesystem::path audit_key = {};  ///< signs the audit log; empty: audit.key beside the database
  int audit_checkpoint_rows = 256;       ///< a checkpoint at the latest after so many leaves,
  double audit_checkpoint_seconds = 60;  ///< or so long after one; and when the ledger is closed
  /// Prompts, and what persons wrote, are sealed with them; outlive the ledger. Null: such texts lie as they
  /// are - or cannot be read or written, where they are sealed already.
  TextKeys* text_keys = nullptr;
};
/// Where the key of the audit log is.
std::filesystem::path audit_key_path(const LedgerConfig& config);

/// Thread-safe. Reads see every write that has returned. A write returns when it is committed; writes of
/// several threads share a commit, so that hundreds a second cost a few syncs. A full or broken disk is
/// `exhausted` or `unavailable` and changes nothing.
class Ledger {
 public:
  virtual ~Ledger() = default;
  virtual TenantTable& tenants() = 0;
  virtual JobTable& jobs() = 0;
  virtual PictureTable& pictures() = 0;
  virtual UsageTable& usage() = 0;
  virtual UploadTable& uploads() = 0;
  virtual BatchTable& batches() = 0;
  virtual DeliveryTable& deliveries() = 0;
  virtual SettingTable& settings() = 0;
  virtual AuditTable& audit() = 0;
  virtual IncidentTable& incidents() = 0;
  virtual ReviewTable& reviews() = 0;
  virtual PanelTable& panels() = 0;
  virtual DataKeyTable& data_keys() = 0;
  /// A consistent copy into a new file, while everything goes on. `conflict` if the file exists.
  virtual Result<void> backup(const std::filesystem::path& to) = 0;
  /// Writes what was said to be "not durable at once" (touch_key, add_sent) now.
  virtual Result<void> flush() = 0;
  /// Seals texts that lie as they are, some hundred in a transaction, until none is left; `text_keys` must be
  /// set. How many. From then on a text that is not sealed is `data_loss`.
  virtual Result<int64_t> seal_texts() = 0;
  /// Empties the write-ahead log into the database, so that what was overwritten is in neither. `unavailable`
  /// if somebody reads or writes without a pause.
  virtual Result<void> settle() = 0;
  /// Whether a write can be made now: for /readyz.
  virtual Result<void> probe() = 0;
};

/// Opens or makes the ledger, applying migrations. A ledger of a newer Limner is `unsupported`; one whose
/// file is damaged is `data_loss`.
Result<std::unique_ptr<Ledger>> open_ledger(const LedgerConfig& config, const Clock& clock);

/// Something in the ledger that contradicts something else.
struct Disagreement {
  std::string rule;  ///< "usage_row_per_ended_job", "picture_object_exists", ...
  std::string row;   ///< the id it is about
  std::string text;
};
/// What the store holds, for the check: whether an object of that key and size exists.
using ObjectExists = std::function<Result<bool>(const std::string& key, uint64_t bytes)>;
/// Compares jobs, pictures, files and usage rows with each other, and the database with itself; opens every
/// sealed text, where config.text_keys is set. Reads only; the server may be running.
Result<std::vector<Disagreement>> check_ledger(const LedgerConfig& config, const ObjectExists& exists);

/// Recomputes the audit log: its tree, seals and checkpoints, with each other and with what a witness knows.
/// Adds what does not agree to `found`; what cannot be checked does not agree. Reads only.
Result<AuditReport> verify_audit(const LedgerConfig& config, const AuditWitness& witness,
                                 std::vector<Disagreement>& found);

/// Puts a backup in the ledger's place, after checking it. The server must not run. `conflict` if `to` exists
/// and `replace` is false.
Result<void> restore_ledger(const std::filesystem::path& from, const std::filesystem::path& to, bool replace);

}  // namespace limner
