#include "ledger/sqlite/upload_table.h"

#include <fmt/format.h>

#include "ledger/sqlite/legal_hold.h"
#include "ledger/sqlite/row_texts.h"

namespace limner::sqlite {
namespace {

std::string uploads_query(std::string_view rest) {
  return std::string(
             "SELECT uploads.id, tenant, purpose, uploads.name, content_type, sha256, bytes, key, "
             "uploads.created,"
             " expires, deleted FROM ")
      .append(rest);
}

// Not in the hands of a job or a batch that has not ended.
constexpr std::string_view kUnused =
    " AND NOT EXISTS (SELECT 1 FROM job_inputs JOIN jobs ON jobs.id = job_inputs.job"
    " WHERE upload = uploads.id AND jobs.state < 4)"
    " AND NOT EXISTS (SELECT 1 FROM batches WHERE state IN (0, 1, 2, 6) AND input_file = uploads.id)";

Result<Upload> read_upload(const Rows& rows) {
  Upload upload;
  upload.id = rows.text(0);
  upload.tenant = rows.text(1);
  upload.purpose = rows.text(2);
  RowTexts texts(rows, upload.tenant, upload.id);
  upload.name = texts.shown(3, "uploads.name");
  TRY(texts.unreadable());
  upload.content_type = rows.text(4);
  upload.sha256 = rows.text(5);
  upload.bytes = rows.unsigned_integer(6);
  upload.key = rows.text(7);
  upload.created = rows.integer(8);
  upload.expires = rows.integer(9);
  upload.deleted = rows.integer(10);
  return upload;
}

Error no_upload(std::string_view id) {
  return not_found("file", fmt::format("there is no file '{}'", id.substr(0, 100)));
}

Result<void> append(std::vector<Upload>& uploads, Result<std::vector<Upload>> more) {
  std::vector<Upload> found = TRY(std::move(more));
  for (Upload& upload : found) uploads.push_back(std::move(upload));
  return {};
}

}  // namespace

Result<void> SqliteUploadTable::create(const Upload& upload) {
  return database_.write([&](Connection& db) -> Result<void> {
    const std::string name = TRY(db.sealed({"uploads.name", upload.tenant, upload.id}, upload.name));
    TRY(db.run(
        "INSERT INTO uploads (id, tenant, purpose, name, content_type, sha256, bytes, key, created, expires,"
        " deleted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
        {upload.id, upload.tenant, upload.purpose, name, upload.content_type, upload.sha256, upload.bytes,
         upload.key, upload.created, upload.expires}));
    return {};
  });
}

Result<std::string> SqliteUploadTable::digest(std::string_view id) {
  return database_.read([&](Connection& db) -> Result<std::string> {
    std::optional<std::string> found =
        TRY(db.first<std::string>(text_column, "SELECT sha256 FROM uploads WHERE id = ?", {id}));
    if (!found) return no_upload(id);
    return std::move(*found);
  });
}

Result<Upload> SqliteUploadTable::find(std::string_view id) {
  return database_.read([&](Connection& db) -> Result<Upload> {
    std::optional<Upload> upload = TRY(db.first<Upload>(
        read_upload, uploads_query("uploads WHERE id = ? AND deleted = 0 AND (expires = 0 OR expires > ?)"),
        {id, clock_.now()}));
    if (!upload) return no_upload(id);
    return std::move(*upload);
  });
}

Result<std::vector<Upload>> SqliteUploadTable::list(std::string_view tenant, std::string_view purpose,
                                                    int limit, std::string_view before) {
  return database_.read([&](Connection& db) {
    return db.collect<Upload>(
        read_upload,
        uploads_query("uploads WHERE tenant = ?1 AND deleted = 0 AND (expires = 0 OR expires > ?5)"
                      " AND (?2 = '' OR purpose = ?2) AND id < ?4 ORDER BY id DESC LIMIT ?3"),
        {tenant, purpose, limit, before.empty() ? kAfterAllIds : before, clock_.now()});
  });
}

Result<void> SqliteUploadTable::mark_deleted(std::string_view id, TimeUs now, const AuditParty& by) {
  return database_.write([&](Connection& db) -> Result<void> {
    const std::optional<std::string> tenant =
        TRY(db.first<std::string>(text_column, "SELECT tenant FROM uploads WHERE id = ?", {id}));
    if (!tenant) return no_upload(id);
    TRY(check_no_hold(db, *tenant));
    const int deleted = TRY(db.run("UPDATE uploads SET deleted = ? WHERE id = ? AND deleted = 0", {now, id}));
    if (deleted)
      TRY(audit_.append(
          db, {"file.delete", by, {"file", std::string(id)}, Json::object(), {{"tenant", *tenant}}}));
    return {};
  });
}

Result<std::vector<Upload>> SqliteUploadTable::beyond_retention(TimeUs now, int limit) {
  return database_.read([&](Connection& db) -> Result<std::vector<Upload>> {
    std::vector<Upload> uploads = TRY(db.collect<Upload>(
        read_upload,
        uploads_query("uploads JOIN tenants ON tenants.id = tenant WHERE deleted = 0 AND expires > 0"
                      " AND expires <= ? AND legal_hold = 0")
                .append(kUnused) +
            " LIMIT ?",
        {now, limit}));
    Result<std::vector<Upload>> old = db.collect<Upload>(
        read_upload,
        uploads_query("tenants CROSS JOIN uploads ON tenant = tenants.id AND deleted = 0"
                      " AND uploads.created <= ?1 - retention_days * ?2 WHERE retention_days IS NOT NULL"
                      " AND legal_hold = 0 AND NOT (expires > 0 AND expires <= ?1)")
                .append(kUnused) +
            " LIMIT ?3",
        {now, kDayUs, limit - static_cast<int>(uploads.size())});
    TRY(append(uploads, std::move(old)));
    return uploads;
  });
}

}  // namespace limner::sqlite
