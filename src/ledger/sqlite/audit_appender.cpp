#include "ledger/sqlite/audit_appender.h"

#include "audit/log_key.h"
#include "audit/row_seal.h"
#include "base/crypto.h"

namespace limner::sqlite {
namespace {

constexpr size_t kSaltBytes = 32;

}  // namespace

// The first tenant's own leaf is appended after its row, in one transaction; all else follows it.
Result<bool> log_was_emptied(Connection& db) {
  return TRY(db.integer("SELECT (SELECT count(*) FROM tenants) > 1"
                        " OR EXISTS (SELECT 1 FROM api_keys WHERE id > '')")) != 0;
}

Result<AuditEnd> audit_end(Connection& db) {
  AuditEnd end;
  end.size = static_cast<uint64_t>(TRY(db.integer("SELECT size FROM audit_head")));
  end.head_seal = TRY(db.first<std::string>(text_column, "SELECT seal FROM audit_head")).value_or("");
  if (end.size == 0) {
    if (TRY(log_was_emptied(db)))
      return Error{Code::data_loss, "audit",
                   "the log is empty, though there are tenants and keys that it told of",
                   "limner audit verify says more; nothing is added to a log that was changed"};
    return end;
  }
  std::optional<std::string> seal =
      TRY(db.first<std::string>(text_column, "SELECT seal FROM audit_log WHERE seq = ?", {end.size - 1}));
  if (!seal)
    return Error{Code::data_loss, "audit", "the last leaf of the log is missing", "limner audit verify"};
  end.last_seal = std::move(*seal);
  return end;
}

Result<void> check_end_sealed(const AuditEnd& end, const NoteSigner& signer) {
  if (end.size == 0 || RowSealer(signer).head(end.size, end.last_seal) == end.head_seal) return {};
  return Error{Code::data_loss, "audit", "the end of the log is not what was sealed",
               "limner audit verify says more; nothing is added to a log that was changed"};
}

Result<std::shared_ptr<const NoteSigner>> AuditAppender::signer() {
  const std::lock_guard lock(mutex_);
  if (!signer_) signer_ = std::make_shared<const NoteSigner>(TRY(read_or_make_log_key(key_path_)));
  return signer_;
}

Result<uint64_t> AuditAppender::append(Connection& db, const AuditEvent& event) {
  const std::shared_ptr<const NoteSigner> key = TRY(signer());
  const AuditEnd end = TRY(begin_or_check(db, *key));
  return append_leaf(db, *key, end, event);
}

// The log says from where on which key seals it: one that was lost is replaced, and that can be seen.
Result<AuditEnd> AuditAppender::begin_or_check(Connection& db, const NoteSigner& signer) {
  const std::optional<std::string> last =
      TRY(db.first<std::string>(text_column, "SELECT public FROM audit_keys ORDER BY since DESC LIMIT 1"));
  const std::string ours = signer.verifier().text();
  AuditEnd end = TRY(audit_end(db));
  // Adding to what was cut off would hide that it was.
  if (last == ours) {
    TRY(check_end_sealed(end, signer));
    return end;
  }
  TRY(db.run("INSERT INTO audit_keys (since, public) VALUES (?, ?)", {end.size, ours}));
  if (!last) return end;
  TRY(append_leaf(db, signer, end, {"audit.key", {}, {"log", ""}, {{"public", ours}}}));
  return audit_end(db);
}

Result<uint64_t> AuditAppender::append_leaf(Connection& db, const NoteSigner& signer, const AuditEnd& end,
                                            const AuditEvent& event) {
  const AuditLeaf leaf =
      TRY(encode_leaf(event, end.size, clock_.now(), [] { return random_bytes(kSaltBytes); }));
  const RowSealer sealer(signer);
  const std::string seal = sealer.row(end.last_seal, end.size, leaf.text);
  TRY(db.run("INSERT INTO audit_log (seq, leaf, seal) VALUES (?, ?, ?)", {end.size, leaf.text, seal}));
  for (const SealedValue& value : leaf.sealed)
    TRY(db.run("INSERT INTO audit_sealed (seq, name, salt, value) VALUES (?, ?, ?, ?)",
               {end.size, value.name, to_base64(value.salt), value.value}));
  TRY(db.run("UPDATE audit_head SET size = ?, seal = ?", {end.size + 1, sealer.head(end.size + 1, seal)}));
  ++appended_;
  return end.size;
}

}  // namespace limner::sqlite
