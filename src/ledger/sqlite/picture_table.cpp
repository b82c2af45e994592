#include "ledger/sqlite/picture_table.h"

#include <fmt/format.h>

#include "ledger/sqlite/legal_hold.h"
#include "ledger/sqlite/picture_row.h"

namespace limner::sqlite {
namespace {

Result<PictureRow> find_picture(Connection& db, std::string_view id) {
  std::optional<PictureRow> picture =
      TRY(db.first<PictureRow>(read_picture, pictures_query("pictures WHERE id = ?"), {id}));
  if (!picture) return not_found("picture", fmt::format("there is no picture '{}'", id.substr(0, 100)));
  return std::move(*picture);
}

}  // namespace

Result<PictureRow> SqlitePictureTable::find(std::string_view id) {
  return database_.read([&](Connection& db) { return find_picture(db, id); });
}

Result<std::vector<PictureRow>> SqlitePictureTable::of_job(std::string_view job) {
  return database_.read([&](Connection& db) {
    return db.collect<PictureRow>(read_picture, pictures_query("pictures WHERE job = ? ORDER BY position"),
                                  {job});
  });
}

Result<std::vector<std::string>> SqlitePictureTable::live_keys(const std::vector<std::string>& keys) {
  return database_.read([&](Connection& db) {
    return db.collect<std::string>(text_column,
                                   "SELECT value FROM json_each(?) WHERE EXISTS (SELECT 1 FROM pictures "
                                   "WHERE key = value AND deleted = 0)"
                                   " OR EXISTS (SELECT 1 FROM uploads WHERE key = value AND deleted = 0)"
                                   " OR EXISTS (SELECT 1 FROM kept_stages WHERE key = value)",
                                   {json_column(keys)});
  });
}

Result<std::vector<PictureRow>> SqlitePictureTable::marked_with(uint64_t watermark, int bits, int limit) {
  return database_.read([&](Connection& db) {
    return db.collect<PictureRow>(
        read_picture,
        pictures_query("picture_marks JOIN pictures ON pictures.id = picture"
                       " WHERE watermark = ? AND watermark_bits = ? ORDER BY number DESC LIMIT ?"),
        {watermark, bits, limit});
  });
}

Result<std::vector<StoredHash>> SqlitePictureTable::hashes_after(int64_t after, int quality_min, int limit) {
  const auto read_hash = [](const Rows& rows) -> Result<StoredHash> {
    return StoredHash{rows.integer(0), rows.text(1)};
  };
  return database_.read([&](Connection& db) {
    return db.collect<StoredHash>(read_hash,
                                  "SELECT number, pdq FROM picture_marks WHERE number > ? AND pdq IS NOT NULL"
                                  " AND pdq_quality >= ? ORDER BY number LIMIT ?",
                                  {after, quality_min, limit});
  });
}

Result<PictureRow> SqlitePictureTable::hashed_as(int64_t number) {
  return database_.read([&](Connection& db) -> Result<PictureRow> {
    std::optional<PictureRow> picture = TRY(db.first<PictureRow>(
        read_picture, pictures_query("picture_marks JOIN pictures ON pictures.id = picture WHERE number = ?"),
        {number}));
    if (!picture) return not_found("picture", fmt::format("no picture's hash has the number {}", number));
    return std::move(*picture);
  });
}

Result<void> SqlitePictureTable::mark_deleted(std::string_view id, TimeUs now, const AuditParty& by) {
  return database_.write([&](Connection& db) -> Result<void> {
    const PictureRow picture = TRY(find_picture(db, id));
    TRY(check_no_hold(db, picture.tenant));
    const int deleted =
        TRY(db.run("UPDATE pictures SET deleted = ? WHERE id = ? AND deleted = 0", {now, id}));
    if (deleted)
      TRY(audit_.append(db, {"picture.delete",
                             by,
                             {"picture", picture.id},
                             {{"sha256", picture.sha256}},
                             {{"tenant", picture.tenant}}}));
    return {};
  });
}

Result<std::vector<PictureRow>> SqlitePictureTable::beyond_retention(TimeUs now, int limit) {
  return database_.read([&](Connection& db) {
    return db.collect<PictureRow>(
        read_picture,
        pictures_query("tenants CROSS JOIN pictures ON pictures.tenant = tenants.id AND deleted = 0"
                       " AND pictures.created <= ? - retention_days * ?"
                       " WHERE retention_days IS NOT NULL AND legal_hold = 0 LIMIT ?"),
        {now, kDayUs, limit});
  });
}

}  // namespace limner::sqlite
