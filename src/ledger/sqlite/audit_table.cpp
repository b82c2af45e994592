#include "ledger/sqlite/audit_table.h"

#include <fmt/format.h>

#include "audit/merkle_proof.h"
#include "audit/merkle_tree.h"
#include "base/crypto.h"

namespace limner::sqlite {
namespace {

Result<AuditRecord> read_record(const Rows& rows) {
  AuditRecord record;
  record.seq = rows.unsigned_integer(0);
  record.leaf = rows.text(1);
  return record;
}

Result<SealedValue> read_sealed(const Rows& rows) {
  std::string salt = TRY(from_base64(rows.text(1), "salt", 64));
  return SealedValue{rows.text(0), std::move(salt), rows.text(2)};
}

Result<void> add_sealed(Connection& db, AuditRecord& record) {
  record.sealed = TRY(db.collect<SealedValue>(
      read_sealed, "SELECT name, salt, value FROM audit_sealed WHERE seq = ?", {record.seq}));
  return {};
}

// Ids of ours stand in the leaf; those of keys, tenants and persons only as what was sealed.
constexpr std::string_view kAbout =
    " AND seq IN (SELECT seq FROM audit_log WHERE about = ?4"
    " UNION ALL SELECT seq FROM audit_sealed WHERE value = ?4)";

std::string list_query(const AuditQuery& query) {
  std::string sql = "SELECT seq, leaf FROM audit_log WHERE seq < ?1 AND (?3 = '' OR action = ?3)";
  sql += query.about.empty() ? std::string_view(" AND ?4 = ''") : kAbout;
  return sql + " ORDER BY seq DESC LIMIT ?2";
}

}  // namespace

Result<uint64_t> SqliteAuditTable::record(const AuditEvent& event) {
  return database_.write([&](Connection& db) { return appender_.append(db, event); });
}

Result<std::vector<AuditRecord>> SqliteAuditTable::list(const AuditQuery& query) {
  const int64_t before = query.before ? static_cast<int64_t>(*query.before) : INT64_MAX;
  return database_.read([&](Connection& db) -> Result<std::vector<AuditRecord>> {
    std::vector<AuditRecord> found = TRY(db.collect<AuditRecord>(
        read_record, list_query(query), {before, query.limit, query.action, query.about}));
    for (AuditRecord& record : found) TRY(add_sealed(db, record));
    return found;
  });
}

Result<std::vector<AuditRecord>> SqliteAuditTable::read(uint64_t from, int limit) {
  return database_.read([&](Connection& db) -> Result<std::vector<AuditRecord>> {
    std::vector<AuditRecord> found = TRY(db.collect<AuditRecord>(
        read_record, "SELECT seq, leaf FROM audit_log WHERE seq >= ? ORDER BY seq LIMIT ?", {from, limit}));
    for (AuditRecord& record : found) TRY(add_sealed(db, record));
    return found;
  });
}

Result<AuditProof> SqliteAuditTable::prove(uint64_t seq) {
  TRY(checkpoints_.make());
  return database_.read([&](Connection& db) -> Result<AuditProof> {
    AuditProof proof;
    std::optional<AuditRecord> record =
        TRY(db.first<AuditRecord>(read_record, "SELECT seq, leaf FROM audit_log WHERE seq = ?", {seq}));
    if (!record) return not_found("seq", fmt::format("the audit log has no leaf {}", seq));
    proof.record = std::move(*record);
    TRY(add_sealed(db, proof.record));
    proof.checkpoint = TRY(db.first<std::string>(
                               text_column, "SELECT note FROM audit_checkpoints ORDER BY size DESC LIMIT 1"))
                           .value_or("");
    proof.size = static_cast<uint64_t>(TRY(db.integer("SELECT ifnull(max(size), 0) FROM audit_checkpoints")));
    const auto hash = [](const Rows& rows) -> Result<std::string> { return leaf_hash(rows.text(0)); };
    const std::vector<std::string> leaves = TRY(
        db.collect<std::string>(hash, "SELECT leaf FROM audit_log WHERE seq < ? ORDER BY seq", {proof.size}));
    proof.path = TRY(inclusion_path(leaves, seq));
    return proof;
  });
}

Result<int> SqliteAuditTable::erase(std::string_view value, const AuditParty& by) {
  return database_.write([&](Connection& db) -> Result<int> {
    const int erased = TRY(db.run("DELETE FROM audit_sealed WHERE value = ?", {value}));
    TRY(appender_.append(db, {"audit.erase", by, {"log", ""}, {{"values", erased}}}));
    return erased;
  });
}

}  // namespace limner::sqlite
