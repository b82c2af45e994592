#include "ledger/sqlite/picture_row.h"

#include "ledger/sqlite/row_texts.h"

namespace limner::sqlite {

std::string pictures_query(std::string_view rest) {
  return std::string(
             "SELECT pictures.id, job, pictures.tenant, position, seed, sha256, bytes, format, width, "
             "height, key,"
             " pictures.created, deleted, cost_micros, bytes_sent, metadata, standing FROM ")
      .append(rest);
}

Result<PictureRow> read_picture(const Rows& rows) {
  PictureRow picture;
  picture.id = rows.text(0);
  picture.job = rows.text(1);
  picture.tenant = rows.text(2);
  picture.position = rows.number(3);
  picture.seed = rows.unsigned_integer(4);
  picture.sha256 = rows.text(5);
  picture.bytes = rows.unsigned_integer(6);
  picture.format = rows.text(7);
  picture.width = rows.number(8);
  picture.height = rows.number(9);
  picture.key = rows.text(10);
  picture.created = rows.integer(11);
  picture.deleted = rows.integer(12);
  picture.cost_micros = rows.integer(13);
  picture.bytes_sent = rows.unsigned_integer(14);
  RowTexts texts(rows, picture.tenant, picture.id);
  picture.metadata = texts.json(15, "pictures.metadata");
  picture.unreadable = TRY(texts.unreadable());
  picture.standing = static_cast<Standing>(rows.number(16));
  return picture;
}

namespace {

Result<void> insert_mark(Connection& db, const std::string& picture, const PictureMark& mark) {
  const bool marked = mark.watermark_bits > 0, hashed = !mark.pdq.empty();
  if (!marked && !hashed) return {};
  const auto if_marked = [&](auto value) { return marked ? Value(value) : Value(nullptr); };
  TRY(
      db.run("INSERT INTO picture_marks (picture, watermark_bits, watermark, pdq, pdq_quality)"
             " VALUES (?, ?, ?, ?, ?)",
             {picture, if_marked(mark.watermark_bits), if_marked(mark.watermark), null_if_empty(mark.pdq),
              hashed ? Value(mark.pdq_quality) : Value(nullptr)}));
  return {};
}

}  // namespace

Result<void> insert_picture(Connection& db, const PictureRow& picture, const Job& job) {
  const std::string metadata =
      TRY(db.sealed({"pictures.metadata", job.tenant, picture.id}, json_column(picture.metadata)));
  TRY(db.run(
      "INSERT INTO pictures (id, job, tenant, position, seed, sha256, bytes, format, width, height, key,"
      " created, deleted, cost_micros, bytes_sent, metadata, standing)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, ?, ?)",
      {picture.id, job.id, job.tenant, picture.position, picture.seed, picture.sha256, picture.bytes,
       picture.format, picture.width, picture.height, picture.key, picture.created, picture.cost_micros,
       metadata, picture.standing}));
  return insert_mark(db, picture.id, picture.mark);
}

}  // namespace limner::sqlite
