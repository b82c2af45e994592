#include "ledger/sqlite/sealed_columns.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/check.h"
#include "ledger/sqlite/text_seal.h"

namespace limner::sqlite {
namespace {

// As many rows as the writer is kept from others for.
constexpr int kSealedAtOnce = 200;
constexpr size_t kUnreadableMax = 1000;

const SealedTable kSealedTables[] = {
    {"jobs", {"id"}, "tenant", {"prompt", "request", "webhook_url", "error"}},
    {"pictures", {"id"}, "tenant", {"metadata"}},
    {"uploads", {"id"}, "tenant", {"name"}},
    {"batches", {"id"}, "tenant", {"metadata", "errors"}},
    {"batch_items",
     {"batch", "line"},
     "(SELECT tenant FROM batches WHERE id = batch)",
     {"custom_id", "body", "response"}},
    {"deliveries", {"id"}, "tenant", {"url", "body"}},
    {"verdicts",
     {"job", "stage", "subject"},
     "(SELECT tenant FROM jobs WHERE jobs.id = verdicts.job)",
     {"reasons"}},
    {"reviews", {"id"}, "tenant", {"appeal"}},
    {"review_decisions",
     {"review", "by_kind", "by_id"},
     "(SELECT tenant FROM reviews WHERE reviews.id = review)",
     {"reason"}},
};

/// A row of such a table.
struct TextRow {
  std::vector<std::string> key;
  std::string tenant;
  std::vector<std::string> texts;  ///< as they lie there

  std::string name() const { return fmt::format("{}", fmt::join(key, ":")); }
};

Result<TextRow> read_text_row(const Rows& rows, const SealedTable& table) {
  TextRow row;
  int index = 0;
  for (size_t i = 0; i < table.key.size(); ++i) row.key.push_back(rows.text(index++));
  row.tenant = rows.text(index++);
  for (size_t i = 0; i < table.columns.size(); ++i) row.texts.push_back(rows.text(index++));
  return row;
}

// Keys are compared as they are read: a number's text is turned into a number again by its column.
std::string key_is(const SealedTable& table, std::string_view how) {
  std::vector<std::string> casts;
  for (const std::string_view column : table.key)
    casts.push_back(column == "line" || column == "stage" ? "CAST(? AS INTEGER)" : "?");
  return fmt::format("({}) {} ({})", fmt::join(table.key, ", "), how, fmt::join(casts, ", "));
}

/// The rows behind that one, in the order of their keys.
Result<std::vector<TextRow>> rows_after(Connection& db, const SealedTable& table,
                                        const std::vector<std::string>& after) {
  const std::string order = fmt::format("{}", fmt::join(table.key, ", "));
  const std::string sql =
      fmt::format("SELECT {}, {}, {} FROM {} {} ORDER BY {} LIMIT {}", order, table.tenant,
                  fmt::join(table.columns, ", "), table.table,
                  after.empty() ? std::string() : "WHERE " + key_is(table, ">"), order, kSealedAtOnce);
  const std::vector<Value> values(after.begin(), after.end());
  return db.collect<TextRow>([&](const Rows& rows) { return read_text_row(rows, table); }, sql, values);
}

std::string place_column(const SealedTable& table, size_t column) {
  return fmt::format("{}.{}", table.table, table.columns[column]);
}

bool to_be_sealed(const std::string& text) {
  return !text.empty() && text != "null" && !looks_sealed_text(text);
}

Result<int64_t> seal_row(Connection& db, const SealedTable& table, const TextRow& row) {
  int64_t count = 0;
  const std::string name = row.name();
  for (size_t i = 0; i < row.texts.size(); ++i) {
    if (!to_be_sealed(row.texts[i])) continue;
    const std::string sealed = TRY(db.sealed({place_column(table, i), row.tenant, name}, row.texts[i]));
    std::vector<Value> values{sealed};
    values.insert(values.end(), row.key.begin(), row.key.end());
    Rows done = TRY(db.query(
        fmt::format("UPDATE {} SET {} = ? WHERE {}", table.table, table.columns[i], key_is(table, "=")),
        values));
    TRY(done.next());
    ++count;
  }
  return count;
}

// Copies of texts that the audit log vouches for by salted hashes: to erase one leaves the log valid.
Result<void> erase_vouched_copies(Connection& db) {
  TRY(
      db.run("DELETE FROM audit_sealed WHERE name IN ('appeal', 'reason')"
             " AND value NOT LIKE '\"limner-text-1:%' AND seq IN"
             " (SELECT seq FROM audit_log WHERE action IN ('review.appeal', 'review.decide'))"));
  return {};
}

}  // namespace

std::span<const SealedTable> sealed_tables() { return kSealedTables; }

Result<int64_t> seal_all_texts(Database& database) {
  int64_t count = 0;
  for (const SealedTable& table : sealed_tables())
    for (std::vector<std::string> after;;) {
      const bool more = TRY(database.write([&](Connection& db) -> Result<bool> {
        const std::vector<TextRow> rows = TRY(rows_after(db, table, after));
        for (const TextRow& row : rows) count += TRY(seal_row(db, table, row));
        if (!rows.empty()) after = rows.back().key;
        return rows.size() == kSealedAtOnce;
      }));
      if (!more) break;
    }
  TRY(database.write([](Connection& db) -> Result<void> {
    TRY(erase_vouched_copies(db));
    return expect_sealed_texts(db);
  }));
  return count;
}

Result<void> check_texts(Connection& db, std::vector<Disagreement>& found) {
  size_t unreadable = 0;
  for (const SealedTable& table : sealed_tables())
    for (std::vector<std::string> after;;) {
      const std::vector<TextRow> rows = TRY(rows_after(db, table, after));
      for (const TextRow& row : rows)
        for (size_t i = 0; i < row.texts.size() && unreadable < kUnreadableMax; ++i) {
          const std::string column = place_column(table, i), name = row.name();
          const Result<std::string> text = db.texts().open(db, {column, row.tenant, name}, row.texts[i]);
          if (text || text.error().code == Code::not_found) continue;
          if (text.error().code != Code::data_loss) return text.error();
          found.push_back({"text_opens", name, text.error().message});
          ++unreadable;
        }
      if (rows.size() < kSealedAtOnce) break;
      after = rows.back().key;
    }
  return {};
}

}  // namespace limner::sqlite
