#include "ledger/sqlite/audit_checkpoints.h"

#include <fmt/format.h>

#include <chrono>

#include "audit/checkpoint.h"
#include "audit/merkle_tree.h"
#include "audit/row_seal.h"
#include "base/crypto.h"

namespace limner::sqlite {
namespace {

constexpr auto kCheckpointPeriod = std::chrono::seconds(1);

Error disagrees(std::string what) {
  return Error{Code::data_loss, "audit", std::move(what), "limner audit verify"};
}

struct LastCheckpoint {
  std::string note;
  MerkleFrontier frontier;
};

struct CheckpointRow {
  uint64_t size = 0;
  std::string note, frontier;
};

Result<std::optional<CheckpointRow>> last_row(Connection& db) {
  const auto read = [](const Rows& rows) -> Result<CheckpointRow> {
    return CheckpointRow{rows.unsigned_integer(0), rows.text(1), rows.text(2)};
  };
  return db.first<CheckpointRow>(
      read, "SELECT size, note, frontier FROM audit_checkpoints ORDER BY size DESC LIMIT 1");
}

// The last checkpoint, whose frontier is only trusted with its signature: it is what the next one vouches
// for.
Result<LastCheckpoint> last_checkpoint(Connection& db) {
  const std::optional<CheckpointRow> row = TRY(last_row(db));
  LastCheckpoint last;
  if (!row) return last;
  const std::optional<std::string> key = TRY(db.first<std::string>(
      text_column, "SELECT public FROM audit_keys WHERE since < ? ORDER BY since DESC LIMIT 1", {row->size}));
  if (!key) return disagrees("the last checkpoint has no key");
  const NoteVerifier verifier = TRY(NoteVerifier::parse(*key, "audit"));
  const Checkpoint checkpoint = TRY(open_checkpoint(row->note, verifier, "audit"));
  last.frontier = TRY(
      MerkleFrontier::from_bytes(row->size, TRY(from_base64(row->frontier, "audit", 64 * kTreeHashBytes))));
  if (checkpoint.size != row->size || checkpoint.root != last.frontier.root())
    return disagrees("the last checkpoint does not agree with itself");
  last.note = row->note;
  return last;
}

struct NextCheckpoint {
  MerkleFrontier frontier;
  std::string note;
  bool is_new = false;
};

// Goes on from the last checkpoint over the leaves since, each held against its seal: what somebody changed
// meanwhile is not signed.
Result<NextCheckpoint> next_checkpoint(Connection& db, const NoteSigner& signer) {
  LastCheckpoint last = TRY(last_checkpoint(db));
  NextCheckpoint next{std::move(last.frontier), std::move(last.note), false};
  const AuditEnd end = TRY(audit_end(db));
  if (next.frontier.size() == end.size) return next;
  const int64_t ours_since = TRY(db.integer("SELECT ifnull(max(since), -1) FROM audit_keys WHERE public = ?",
                                            {signer.verifier().text()}));
  if (ours_since < 0) return disagrees("the leaves to be signed are sealed with another key");
  TRY(check_end_sealed(end, signer));
  std::string seal;
  if (next.frontier.size() > 0)
    seal = TRY(db.first<std::string>(text_column, "SELECT seal FROM audit_log WHERE seq = ?",
                                     {next.frontier.size() - 1}))
               .value_or("");
  const RowSealer sealer(signer);
  Rows rows = TRY(db.query("SELECT seq, leaf, seal FROM audit_log WHERE seq >= ? ORDER BY seq",
                           std::initializer_list<Value>{next.frontier.size()}));
  while (TRY(rows.next())) {
    const uint64_t seq = rows.unsigned_integer(0);
    const std::string leaf = rows.text(1);
    if (seq != next.frontier.size())
      return disagrees(fmt::format("leaf {} is missing", next.frontier.size()));
    if (static_cast<int64_t>(seq) >= ours_since && sealer.row(seal, seq, leaf) != rows.text(2))
      return disagrees(fmt::format("leaf {} is not what was sealed", seq));
    seal = rows.text(2);
    next.frontier.append(leaf_hash(leaf));
  }
  if (next.frontier.size() != end.size) return disagrees("leaves are missing at the end");
  next.note = sign_checkpoint(end.size, next.frontier.root(), signer);
  next.is_new = true;
  return next;
}

}  // namespace

AuditCheckpoints::AuditCheckpoints(Database& database, AuditAppender& appender, const Clock& clock, int rows,
                                   double seconds)
    : database_(database),
      appender_(appender),
      clock_(clock),
      rows_(static_cast<uint64_t>(rows)),
      seconds_(seconds),
      thread_([this] { work(); }) {}

AuditCheckpoints::~AuditCheckpoints() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_one();
  thread_.join();
  // What cannot be signed now is signed by who opens the ledger next, or found by limner audit verify.
  if (appender_.appended() > 0) static_cast<void>(make());
}

Result<std::string> AuditCheckpoints::make() {
  const std::lock_guard lock(making_);
  const AuditEnd end = TRY(database_.read([](Connection& db) { return audit_end(db); }));
  if (end.size == 0) return std::string();
  const std::shared_ptr<const NoteSigner> signer = TRY(appender_.signer());
  NextCheckpoint next = TRY(database_.read([&](Connection& db) { return next_checkpoint(db, *signer); }));
  if (next.is_new)
    TRY(database_.write([&](Connection& db) -> Result<void> {
      // Another program may have been faster.
      TRY(
          db.run("INSERT INTO audit_checkpoints (size, time, note, frontier) SELECT ?1, ?2, ?3, ?4"
                 " WHERE NOT EXISTS (SELECT 1 FROM audit_checkpoints WHERE size >= ?1)",
                 {next.frontier.size(), clock_.now(), next.note, to_base64(next.frontier.bytes())}));
      return {};
    }));
  return std::move(next.note);
}

void AuditCheckpoints::work() {
  uint64_t covered = 0;
  auto made = std::chrono::steady_clock::now();
  bool first = true;
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, kCheckpointPeriod, [&] { return stopping_; })) {
    const uint64_t appended = appender_.appended();
    const std::chrono::duration<double> since = std::chrono::steady_clock::now() - made;
    // The first also covers what a process that was killed left behind.
    const bool due =
        appended - covered >= rows_ || (since.count() >= seconds_ && (first || appended > covered));
    if (!due) continue;
    lock.unlock();
    if (make()) covered = appended;
    made = std::chrono::steady_clock::now();
    first = false;
    lock.lock();
  }
}

}  // namespace limner::sqlite
