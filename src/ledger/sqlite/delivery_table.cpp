#include "ledger/sqlite/delivery_table.h"

#include <fmt/format.h>

#include "ledger/sqlite/row_texts.h"

namespace limner::sqlite {
namespace {

Result<Delivery> read_delivery(const Rows& rows) {
  Delivery delivery{rows.text(0),   rows.text(1),    rows.text(2),    {},           {},
                    rows.number(5), rows.integer(6), rows.integer(7), rows.text(8), {}};
  RowTexts texts(rows, delivery.tenant, delivery.id);
  delivery.url = texts.text(3, "deliveries.url");
  delivery.body = texts.text(4, "deliveries.body");
  delivery.unreadable = TRY(texts.unreadable());
  return delivery;
}

Error no_delivery(std::string_view id) {
  return not_found("delivery", fmt::format("there is no delivery '{}'", id.substr(0, 100)));
}

}  // namespace

Result<std::vector<Delivery>> SqliteDeliveryTable::due(TimeUs now, int limit) {
  return database_.read([&](Connection& db) {
    return db.collect<Delivery>(
        read_delivery,
        "SELECT id, tenant, job, url, body, attempts, created, next_attempt, last_error FROM deliveries"
        " WHERE next_attempt <= ? ORDER BY next_attempt LIMIT ?",
        {now, limit});
  });
}

Result<void> SqliteDeliveryTable::delivered(std::string_view id, TimeUs) {
  return database_.write([&](Connection& db) -> Result<void> {
    const int removed = TRY(db.run("DELETE FROM deliveries WHERE id = ?", {id}));
    if (removed == 0) return no_delivery(id);
    return {};
  });
}

Result<void> SqliteDeliveryTable::failed(std::string_view id, std::string_view error, TimeUs next_attempt) {
  return database_.write([&](Connection& db) -> Result<void> {
    // What was given up stays with its reason; its body is of no use any more.
    const int changed = TRY(
        db.run("UPDATE deliveries SET attempts = attempts + 1, last_error = ?2, next_attempt = nullif(?3, 0),"
               " body = CASE ?3 WHEN 0 THEN '' ELSE body END WHERE id = ?1",
               {id, error, next_attempt}));
    if (changed == 0) return no_delivery(id);
    return {};
  });
}

}  // namespace limner::sqlite
