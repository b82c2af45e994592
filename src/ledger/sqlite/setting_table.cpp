#include "ledger/sqlite/setting_table.h"

namespace limner::sqlite {
namespace {

Result<std::optional<Json>> find_setting(Connection& db, std::string_view name) {
  return db.first<Json>([](const Rows& rows) { return rows.json(0); },
                        "SELECT value FROM settings WHERE name = ?", {name});
}

}  // namespace

Result<std::optional<Json>> SqliteSettingTable::get(std::string_view name) {
  return database_.read([&](Connection& db) { return find_setting(db, name); });
}

Result<void> SqliteSettingTable::set(std::string_view name, const Json& value, const AuditEvent* event) {
  return database_.write([&](Connection& db) -> Result<void> {
    TRY(db.run("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", {name, json_column(value)}));
    if (event) TRY(audit_.append(db, *event));
    return {};
  });
}

Result<Json> SqliteSettingTable::get_or_set(std::string_view name, const Json& value) {
  return database_.write([&](Connection& db) -> Result<Json> {
    TRY(db.run("INSERT OR IGNORE INTO settings (name, value) VALUES (?, ?)", {name, json_column(value)}));
    std::optional<Json> found = TRY(find_setting(db, name));
    Json setting = found ? std::move(*found) : value;
    return setting;
  });
}

}  // namespace limner::sqlite
