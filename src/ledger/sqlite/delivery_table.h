#pragma once
// Webhook deliveries in SQLite.

#include "ledger/sqlite/database.h"
#include "ledger/webhooks.h"

namespace limner::sqlite {

class SqliteDeliveryTable final : public DeliveryTable {
 public:
  explicit SqliteDeliveryTable(Database& database) : database_(database) {}
  Result<std::vector<Delivery>> due(TimeUs now, int limit) override;
  Result<void> delivered(std::string_view id, TimeUs now) override;
  Result<void> failed(std::string_view id, std::string_view error, TimeUs next_attempt) override;

 private:
  Database& database_;
};

}  // namespace limner::sqlite
