#include "ledger/sqlite/batch_table.h"

#include <fmt/format.h>

#include "ledger/sqlite/row_texts.h"

namespace limner::sqlite {
namespace {

std::string batches_query(std::string_view rest) {
  return std::string(
             "SELECT id, tenant, api_key, endpoint, input_file, output_file, error_file, state, metadata, "
             "errors,"
             " created, in_progress, finalizing, ended, expires, output_expires_seconds, total, completed, "
             "failed"
             " FROM batches ")
      .append(rest);
}

Result<Batch> read_batch(const Rows& rows) {
  Batch batch;
  batch.id = rows.text(0);
  batch.tenant = rows.text(1);
  batch.api_key = rows.text(2);
  batch.endpoint = rows.text(3);
  batch.input_file = rows.text(4);
  batch.output_file = rows.text(5);
  batch.error_file = rows.text(6);
  batch.state = static_cast<BatchState>(rows.number(7));
  RowTexts texts(rows, batch.tenant, batch.id);
  batch.metadata = texts.json(8, "batches.metadata");
  batch.errors = texts.json(9, "batches.errors");
  batch.unreadable = TRY(texts.unreadable());
  batch.created = rows.integer(10);
  batch.in_progress = rows.integer(11);
  batch.finalizing = rows.integer(12);
  batch.ended = rows.integer(13);
  batch.expires = rows.integer(14);
  batch.output_expires_seconds = rows.integer(15);
  batch.total = rows.number(16);
  batch.completed = rows.number(17);
  batch.failed = rows.number(18);
  return batch;
}

std::string items_query(std::string_view rest) {
  return std::string(
             "SELECT batch, line, custom_id, body, job, status, response,"
             " (SELECT tenant FROM batches WHERE id = batch) FROM batch_items ")
      .append(rest);
}

std::string item_row(std::string_view batch, int line) { return fmt::format("{}:{}", batch, line); }

Result<BatchItem> read_item(const Rows& rows) {
  BatchItem item;
  item.batch = rows.text(0);
  item.line = rows.number(1);
  const std::string tenant = rows.text(7), row = item_row(item.batch, item.line);
  RowTexts texts(rows, tenant, row);
  item.custom_id = texts.shown(2, "batch_items.custom_id");
  item.body = texts.json(3, "batch_items.body");
  item.job = rows.text(4);
  item.status = rows.number(5);
  item.response = texts.json(6, "batch_items.response");
  item.unreadable = TRY(texts.unreadable());
  return item;
}

Result<Batch> find_batch(Connection& db, std::string_view id) {
  std::optional<Batch> batch = TRY(db.first<Batch>(read_batch, batches_query("WHERE id = ?"), {id}));
  if (!batch) return not_found("batch", fmt::format("there is no batch '{}'", id.substr(0, 100)));
  return std::move(*batch);
}

struct BatchTexts {
  std::string metadata, errors;
};

Result<BatchTexts> texts_of(Connection& db, const Batch& batch) {
  return BatchTexts{TRY(db.sealed({"batches.metadata", batch.tenant, batch.id}, json_column(batch.metadata))),
                    TRY(db.sealed({"batches.errors", batch.tenant, batch.id}, json_column(batch.errors)))};
}

// Lines are counted by add_items() and update_item() alone: a caller's counts are as old as its copy.
Result<void> write_batch(Connection& db, const Batch& batch) {
  const BatchTexts texts = TRY(texts_of(db, batch));
  TRY(db.run(
      "UPDATE batches SET output_file = ?, error_file = ?, state = ?, metadata = ?, errors = ?,"
      " in_progress = ?, finalizing = ?, ended = ?, expires = ?, output_expires_seconds = ? WHERE id = ?",
      {batch.output_file, batch.error_file, batch.state, texts.metadata, texts.errors, batch.in_progress,
       batch.finalizing, batch.ended, batch.expires, batch.output_expires_seconds, batch.id}));
  return {};
}

bool is_final(BatchState state) {
  return state == BatchState::completed || state == BatchState::failed || state == BatchState::expired ||
         state == BatchState::cancelled;
}

Error batch_not_now(const Batch& batch, std::string_view done) {
  return {Code::conflict,
          "state",
          fmt::format("the batch {} is {} and cannot be {}", batch.id, batch_state_name(batch.state), done),
          {}};
}

}  // namespace

Result<void> SqliteBatchTable::create(const Batch& batch) {
  return database_.write([&](Connection& db) -> Result<void> {
    const BatchTexts texts = TRY(texts_of(db, batch));
    TRY(db.run(
        "INSERT INTO batches (id, tenant, api_key, endpoint, input_file, output_file, error_file, state,"
        " metadata, errors, created, in_progress, finalizing, ended, expires, output_expires_seconds, total,"
        " completed, failed) VALUES (?, ?, ?, ?, ?, '', '', ?, ?, ?, ?, 0, 0, ?, ?, ?, 0, 0, 0)",
        {batch.id, batch.tenant, batch.api_key, batch.endpoint, batch.input_file, batch.state, texts.metadata,
         texts.errors, batch.created, batch.ended, batch.expires, batch.output_expires_seconds}));
    return {};
  });
}

Result<Batch> SqliteBatchTable::find(std::string_view id) {
  return database_.read([&](Connection& db) { return find_batch(db, id); });
}

Result<Batch> SqliteBatchTable::find_by_file(std::string_view tenant, std::string_view file) {
  return database_.read([&](Connection& db) -> Result<Batch> {
    std::optional<Batch> batch = TRY(
        db.first<Batch>(read_batch, batches_query("WHERE tenant = ? AND (output_file = ? OR error_file = ?)"),
                        {tenant, file, file}));
    if (!batch) return not_found("file", fmt::format("no batch has the file '{}'", file.substr(0, 100)));
    return std::move(*batch);
  });
}

Result<std::vector<Batch>> SqliteBatchTable::list(std::string_view tenant, int limit,
                                                  std::string_view before) {
  return database_.read([&](Connection& db) {
    return db.collect<Batch>(read_batch,
                             batches_query("WHERE tenant = ? AND id < ? ORDER BY id DESC LIMIT ?"),
                             {tenant, before.empty() ? kAfterAllIds : before, limit});
  });
}

Result<std::vector<Batch>> SqliteBatchTable::unfinished() {
  return database_.read([](Connection& db) {
    return db.collect<Batch>(read_batch, batches_query("WHERE state IN (0, 1, 2, 6) ORDER BY id"));
  });
}

Result<void> SqliteBatchTable::update(const Batch& batch) {
  return database_.write([&](Connection& db) -> Result<void> {
    const Batch before = TRY(find_batch(db, batch.id));
    if (is_final(before.state)) return batch_not_now(before, "changed");
    return write_batch(db, batch);
  });
}

Result<void> SqliteBatchTable::add_items(const Batch& batch, const std::vector<BatchItem>& items) {
  return database_.write([&](Connection& db) -> Result<void> {
    const Batch before = TRY(find_batch(db, batch.id));
    if (before.state != BatchState::validating) return batch_not_now(before, "begun");
    for (const BatchItem& item : items) {
      const std::string row = item_row(batch.id, item.line);
      const std::string name = TRY(db.sealed({"batch_items.custom_id", before.tenant, row}, item.custom_id));
      const std::string body =
          TRY(db.sealed({"batch_items.body", before.tenant, row}, json_column(item.body)));
      TRY(
          db.run("INSERT INTO batch_items (batch, line, custom_id, body, job, status, response)"
                 " VALUES (?, ?, ?, ?, NULL, 0, 'null')",
                 {batch.id, item.line, name, body}));
    }
    Batch begun = batch;
    begun.state = BatchState::in_progress;
    TRY(write_batch(db, begun));
    TRY(db.run("UPDATE batches SET total = ? WHERE id = ?", {items.size(), batch.id}));
    return {};
  });
}

Result<std::vector<BatchItem>> SqliteBatchTable::open_items(std::string_view batch, int limit) {
  return database_.read([&](Connection& db) {
    return db.collect<BatchItem>(
        read_item, items_query("WHERE batch = ? AND status = 0 ORDER BY line LIMIT ?"), {batch, limit});
  });
}

Result<std::vector<BatchItem>> SqliteBatchTable::items(std::string_view batch, int after_line, int limit) {
  return database_.read([&](Connection& db) {
    return db.collect<BatchItem>(read_item, items_query("WHERE batch = ? AND line > ? ORDER BY line LIMIT ?"),
                                 {batch, after_line, limit});
  });
}

Result<void> SqliteBatchTable::update_item(const BatchItem& item) {
  return database_.write([&](Connection& db) -> Result<void> {
    const std::optional<BatchItem> before = TRY(
        db.first<BatchItem>(read_item, items_query("WHERE batch = ? AND line = ?"), {item.batch, item.line}));
    if (!before) return not_found("line", fmt::format("the batch {} has no line {}", item.batch, item.line));
    const std::string tenant = TRY(find_batch(db, item.batch)).tenant;
    const std::string response =
        TRY(db.sealed({"batch_items.response", tenant, item_row(item.batch, item.line)},
                      item.response.is_null() ? "null" : json_column(item.response)));
    TRY(db.run("UPDATE batch_items SET job = ?, status = ?, response = ? WHERE batch = ? AND line = ?",
               {null_if_empty(item.job), item.status, response, item.batch, item.line}));
    if (before->status != 0 || item.status == 0) return {};
    const bool good = item.status >= 200 && item.status < 300;
    TRY(db.run("UPDATE batches SET completed = completed + ?, failed = failed + ? WHERE id = ?",
               {good, !good, item.batch}));
    return {};
  });
}

}  // namespace limner::sqlite
