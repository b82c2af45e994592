// limner db check: the ledger against itself and against the store.

#include <fmt/format.h>

#include <set>

#include "ledger/ledger.h"
#include "ledger/sqlite/audit_check.h"
#include "ledger/sqlite/check_rules.h"
#include "ledger/sqlite/connection.h"
#include "ledger/sqlite/migrations.h"
#include "ledger/sqlite/sealed_columns.h"
#include "ledger/sqlite/text_seal.h"

namespace limner {
namespace sqlite {
namespace {

// Of one rule: more say nothing that these do not.
constexpr size_t kDisagreementsMax = 1000;

using Disagreements = std::vector<Disagreement>;

Result<void> check_file(Connection& db, Disagreements& found) {
  const auto read = [](const Rows& rows) -> Result<Disagreement> {
    return Disagreement{"file_is_whole", "", rows.text(0)};
  };
  Disagreements broken = TRY(db.collect<Disagreement>(read, "PRAGMA integrity_check(100)"));
  for (Disagreement& each : broken)
    if (each.text != "ok") found.push_back(std::move(each));
  return {};
}

Result<void> check_references(Connection& db, Disagreements& found) {
  const auto read = [](const Rows& rows) -> Result<Disagreement> {
    return Disagreement{"reference_exists", fmt::format("{} row {}", rows.text(0), rows.text(1)),
                        fmt::format("points to a row of {} that does not exist", rows.text(2))};
  };
  Disagreements broken = TRY(db.collect<Disagreement>(read, "PRAGMA foreign_key_check"));
  found.insert(found.end(), broken.begin(), broken.end());
  return {};
}

Result<void> check_rule(Connection& db, const CheckRule& rule, Disagreements& found) {
  Rows rows = TRY(db.query(rule.sql));
  for (size_t count = 0; count < kDisagreementsMax && TRY(rows.next()); ++count)
    found.push_back({rule.name, rows.text(0), rows.text(1)});
  return {};
}

struct NamedObject {
  std::string row, key;
  uint64_t bytes = 0;
  bool operator<(const NamedObject& other) const {
    return std::tie(row, key, bytes) < std::tie(other.row, other.key, other.bytes);
  }
};

Result<std::set<NamedObject>> missing_objects(Connection& db, const CheckRule& rule,
                                              const ObjectExists& exists) {
  std::set<NamedObject> missing;
  Rows rows = TRY(db.query(rule.sql));
  while (missing.size() < kDisagreementsMax && TRY(rows.next())) {
    NamedObject object{rows.text(0), rows.text(1), rows.unsigned_integer(2)};
    const bool there = TRY(exists(object.key, object.bytes));
    if (!there) missing.insert(std::move(object));
  }
  return missing;
}

// Beside a running server a picture may be deleted between the look at its row and that at its object: what
// is missing is asked for twice, the second time with the rows of then.
Result<void> check_objects(Connection& db, const CheckRule& rule, const ObjectExists& exists,
                           Disagreements& found) {
  const std::set<NamedObject> first = TRY(missing_objects(db, rule, exists));
  if (first.empty()) return {};
  const std::set<NamedObject> second = TRY(missing_objects(db, rule, exists));
  for (const NamedObject& object : second)
    if (first.count(object))
      found.push_back({rule.name, object.row,
                       fmt::format("the store has no object '{}' of {} bytes", object.key, object.bytes)});
  return {};
}

// All rules see one snapshot.
Result<void> check_rows(Connection& db, const LedgerConfig& config, Disagreements& found) {
  TRY(db.run("BEGIN"));
  TRY(check_file(db, found));
  TRY(check_references(db, found));
  for (const CheckRule& rule : row_rules()) TRY(check_rule(db, rule, found));
  if (config.text_keys) TRY(check_texts(db, found));
  TRY(check_audit(db, audit_key_path(config), {}, found));
  TRY(db.run("COMMIT"));
  return {};
}

}  // namespace
}  // namespace sqlite

Result<std::vector<Disagreement>> check_ledger(const LedgerConfig& config, const ObjectExists& exists) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(config.path, ignored))
    return not_found(config.path.string(), "there is no ledger");
  sqlite::Connection db = TRY(sqlite::Connection::open(config.path, sqlite::Connection::Mode::read_only));
  TRY(sqlite::check_version(db));
  TRY(sqlite::check_current(db));
  const SystemClock clock;
  sqlite::AuditAppender audit(audit_key_path(config), clock);
  if (config.text_keys) db.seal_with(sqlite::sealed_texts(*config.text_keys, audit));
  std::vector<Disagreement> found;
  TRY(sqlite::check_rows(db, config, found));
  if (!exists) return found;
  for (const sqlite::CheckRule& rule : sqlite::object_rules())
    TRY(sqlite::check_objects(db, rule, exists, found));
  return found;
}

Result<AuditReport> verify_audit(const LedgerConfig& config, const AuditWitness& witness,
                                 std::vector<Disagreement>& found) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(config.path, ignored))
    return not_found(config.path.string(), "there is no ledger");
  sqlite::Connection db = TRY(sqlite::Connection::open(config.path, sqlite::Connection::Mode::read_only));
  TRY(sqlite::check_version(db));
  TRY(sqlite::check_current(db));
  TRY(db.run("BEGIN"));
  AuditReport report = TRY(sqlite::check_audit(db, audit_key_path(config), witness, found));
  TRY(db.run("COMMIT"));
  return report;
}

}  // namespace limner
