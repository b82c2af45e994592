#include "ledger/sqlite/data_key_table.h"

#include <fmt/format.h>

#include "ledger/sqlite/legal_hold.h"
#include "ledger/sqlite/text_seal.h"

namespace limner::sqlite {
namespace {

// A setting beside the keys: a rotation that finds no key yet must bind the first one, too.
constexpr std::string_view kMasterSetting = "encryption_master";

std::string data_keys_query(std::string_view rest) {
  return std::string("SELECT id, tenant, master, wrapped, created, forgotten FROM data_keys ").append(rest);
}

Result<WrappedDataKey> read_data_key(const Rows& rows) {
  return WrappedDataKey{rows.text(0), rows.text(1),    rows.text(2),
                        rows.text(3), rows.integer(4), rows.integer(5)};
}

Result<void> set_master(Connection& db, std::string_view master) {
  // In a ledger that was never used without encryption all texts are sealed.
  const int64_t used =
      TRY(db.integer("SELECT EXISTS (SELECT 1 FROM jobs WHERE id > '')"
                     " OR EXISTS (SELECT 1 FROM uploads WHERE id > '')"));
  if (!used) TRY(expect_sealed_texts(db));
  TRY(db.run("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)",
             {kMasterSetting, json_column(Json(std::string(master)))}));
  return {};
}

// The first key of a ledger says which master key wraps all of them.
Result<void> agree_on_master(Connection& db, std::string_view master) {
  const std::string agreed = TRY(find_master(db));
  if (agreed.empty()) return set_master(db, master);
  if (agreed == master) return {};
  return Error{Code::conflict,
               "encryption.master_key",
               fmt::format("data keys are wrapped by the master key {}, not by {}", agreed, master),
               {}};
}

}  // namespace

Result<std::string> find_master(Connection& db) {
  const std::optional<Json> set =
      TRY(db.first<Json>([](const Rows& rows) { return rows.json(0); },
                         "SELECT value FROM settings WHERE name = ?", {kMasterSetting}));
  return set && set->is_string() ? set->get<std::string>() : std::string();
}

Result<std::optional<WrappedDataKey>> find_current_key(Connection& db, std::string_view tenant) {
  return db.first<WrappedDataKey>(read_data_key, data_keys_query("WHERE tenant = ? AND forgotten = 0"),
                                  {tenant});
}

Result<std::optional<WrappedDataKey>> find_data_key(Connection& db, std::string_view id) {
  return db.first<WrappedDataKey>(read_data_key, data_keys_query("WHERE id = ?"), {id});
}

Result<WrappedDataKey> keep_key(Connection& db, AuditAppender& audit, const WrappedDataKey& key) {
  std::optional<WrappedDataKey> there = TRY(find_current_key(db, key.tenant));
  if (there) return std::move(*there);
  TRY(agree_on_master(db, key.master));
  TRY(
      db.run("INSERT INTO data_keys (id, tenant, master, wrapped, created, forgotten)"
             " VALUES (?, ?, ?, ?, ?, 0)",
             {key.id, key.tenant, key.master, key.wrapped, key.created}));
  TRY(audit.append(db, {"encryption.key", {}, {"tenant", key.tenant}, {{"data_key", key.id}}}));
  return key;
}

Result<std::string> SqliteDataKeyTable::master() { return database_.read(find_master); }

Result<std::optional<WrappedDataKey>> SqliteDataKeyTable::current(std::string_view tenant) {
  return database_.read([&](Connection& db) { return find_current_key(db, tenant); });
}

Result<WrappedDataKey> SqliteDataKeyTable::find(std::string_view id) {
  return database_.read([&](Connection& db) -> Result<WrappedDataKey> {
    std::optional<WrappedDataKey> key = TRY(find_data_key(db, id));
    if (!key) return not_found("data key", fmt::format("there is no data key '{}'", id.substr(0, 100)));
    return std::move(*key);
  });
}

Result<std::vector<WrappedDataKey>> SqliteDataKeyTable::list() {
  return database_.read([](Connection& db) {
    return db.collect<WrappedDataKey>(read_data_key, data_keys_query("ORDER BY id"));
  });
}

Result<WrappedDataKey> SqliteDataKeyTable::keep(const WrappedDataKey& key) {
  return database_.write([&](Connection& db) { return keep_key(db, audit_, key); });
}

Result<int> SqliteDataKeyTable::rewrap(std::string_view master,
                                       const std::function<Result<std::string>(const WrappedDataKey&)>& wrap,
                                       const AuditParty& by) {
  return database_.write([&](Connection& db) -> Result<int> {
    const std::vector<WrappedDataKey> keys =
        TRY(db.collect<WrappedDataKey>(read_data_key, data_keys_query("WHERE forgotten = 0")));
    for (const WrappedDataKey& key : keys) {
      const std::string wrapped = TRY(wrap(key));
      TRY(db.run("UPDATE data_keys SET master = ?, wrapped = ? WHERE id = ?", {master, wrapped, key.id}));
    }
    TRY(set_master(db, master));
    const int count = static_cast<int>(keys.size());
    TRY(audit_.append(db, {"encryption.rotate",
                           by,
                           {"settings", ""},
                           {{"master", std::string(master)}, {"data_keys", count}}}));
    return count;
  });
}

Result<int> SqliteDataKeyTable::forget(std::string_view tenant, TimeUs now, const AuditParty& by) {
  return database_.write([&](Connection& db) -> Result<int> {
    TRY(check_no_hold(db, tenant));
    const int count =
        TRY(db.run("UPDATE data_keys SET wrapped = '', forgotten = ? WHERE tenant = ? AND forgotten = 0",
                   {now, tenant}));
    TRY(audit_.append(db, {"tenant.shred", by, {"tenant", std::string(tenant)}, {{"data_keys", count}}}));
    return count;
  });
}

}  // namespace limner::sqlite
