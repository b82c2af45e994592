#include "ledger/sqlite/charges.h"

#include "ledger/sqlite/calendar.h"

namespace limner::sqlite {

Result<void> charge(Connection& db, std::string_view job, int64_t micros, TimeUs now) {
  if (micros == 0) return {};
  const int64_t month = month_of(now);
  TRY(db.run("UPDATE usage SET cost_micros = cost_micros + ?2 WHERE job = ?1", {job, micros}));
  TRY(
      db.run("INSERT INTO charges (job, month, cost_micros) VALUES (?1, ?2, ?3)"
             " ON CONFLICT DO UPDATE SET cost_micros = cost_micros + excluded.cost_micros",
             {job, month, micros}));
  TRY(
      db.run("INSERT INTO spending (subject, month, spent)"
             " SELECT tenant, ?2, ?3 FROM usage WHERE job = ?1"
             " UNION ALL SELECT api_key, ?2, ?3 FROM usage WHERE job = ?1"
             " ON CONFLICT DO UPDATE SET spent = spent + excluded.spent",
             {job, month, micros}));
  return {};
}

}  // namespace limner::sqlite
