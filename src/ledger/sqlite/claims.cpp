#include "ledger/sqlite/claims.h"

#include <fmt/format.h>

#include "ledger/sqlite/calendar.h"
#include "ledger/tenants.h"

namespace limner::sqlite {
namespace {

Error over(const char* field, std::string_view whose, std::string limit, std::string hint) {
  return {Code::exhausted, field, fmt::format("the {}'s limit of {} is reached", whose, limit),
          std::move(hint)};
}

std::string money(int64_t micros) { return fmt::format("{}.{:06}", micros / 1'000'000, micros % 1'000'000); }

Result<void> check_limits(const Limits& limits, const Spending& used, std::string_view whose,
                          const Claim& claim, TimeUs now) {
  if (limits.concurrent_jobs && used.open_jobs >= *limits.concurrent_jobs)
    return over("concurrent_jobs", whose, fmt::format("{} jobs at a time", *limits.concurrent_jobs),
                "wait until one of them has ended");
  if (limits.pictures_per_day && claim.pictures > *limits.pictures_per_day - used.pictures_today)
    return over("pictures_per_day", whose,
                fmt::format("{} pictures a day, of which {} are used,", *limits.pictures_per_day,
                            used.pictures_today),
                "the next day begins at " + next_day(now));
  // Written so that nothing can overflow: all of these are 0 or more.
  if (limits.budget_micros &&
      claim.reserved_micros > *limits.budget_micros - used.spent_micros - used.reserved_micros)
    return over(
        "budget_micros", whose,
        fmt::format("{} a month, of which {} are spent and {} set aside for jobs that have not ended,",
                    money(*limits.budget_micros), money(used.spent_micros), money(used.reserved_micros)),
        "the next month begins at " + next_month(now));
  return {};
}

Result<void> check_subject(Connection& db, const char* limits_of, std::string_view subject,
                           std::string_view whose, const Claim& claim, TimeUs now) {
  const std::optional<Json> json =
      TRY(db.first<Json>([](const Rows& rows) { return rows.json(0); }, limits_of, {subject}));
  if (!json) return not_found(std::string(whose), fmt::format("there is no {} '{}'", whose, subject));
  const Limits limits = TRY(limits_from_json(*json, "limits"));
  const Spending used = TRY(spending_of(db, subject, now));
  return check_limits(limits, used, whose, claim, now);
}

Result<void> add(Connection& db, std::string_view subject, const Claim& claim) {
  TRY(
      db.run("INSERT INTO open_work (subject, jobs, reserved) VALUES (?1, 1, ?2)"
             " ON CONFLICT DO UPDATE SET jobs = jobs + 1, reserved = reserved + excluded.reserved",
             {subject, claim.reserved_micros}));
  TRY(
      db.run("INSERT INTO pictures_of_day (subject, day, count) VALUES (?1, ?2, ?3)"
             " ON CONFLICT DO UPDATE SET count = count + excluded.count",
             {subject, claim.day, claim.pictures}));
  return {};
}

Result<void> subtract(Connection& db, std::string_view subject, const Claim& claim, int pictures_drawn) {
  TRY(db.run("UPDATE open_work SET jobs = jobs - 1, reserved = reserved - ?2 WHERE subject = ?1",
             {subject, claim.reserved_micros}));
  if (pictures_drawn != claim.pictures)
    TRY(db.run("UPDATE pictures_of_day SET count = count - ?3 WHERE subject = ?1 AND day = ?2",
               {subject, claim.day, claim.pictures - pictures_drawn}));
  return {};
}

}  // namespace

Result<void> take_claim(Connection& db, const Claim& claim, TimeUs now) {
  TRY(check_subject(db, "SELECT limits FROM api_keys WHERE id = ?", claim.api_key, "key", claim, now));
  TRY(check_subject(db, "SELECT limits FROM tenants WHERE id = ?", claim.tenant, "tenant", claim, now));
  TRY(add(db, claim.tenant, claim));
  return add(db, claim.api_key, claim);
}

Result<void> give_back_claim(Connection& db, const Claim& claim, int pictures_drawn) {
  TRY(subtract(db, claim.tenant, claim, pictures_drawn));
  return subtract(db, claim.api_key, claim, pictures_drawn);
}

Result<Spending> spending_of(Connection& db, std::string_view subject, TimeUs now) {
  const std::optional<Spending> used = TRY(db.first<Spending>(
      [](const Rows& rows) -> Result<Spending> {
        return Spending{rows.integer(0), rows.integer(1), rows.number(2), rows.number(3)};
      },
      "SELECT (SELECT spent FROM spending WHERE subject = ?1 AND month = ?2),"
      " (SELECT reserved FROM open_work WHERE subject = ?1),"
      " (SELECT count FROM pictures_of_day WHERE subject = ?1 AND day = ?3),"
      " (SELECT jobs FROM open_work WHERE subject = ?1)",
      {subject, month_of(now), day_of(now)}));
  return *used;
}

}  // namespace limner::sqlite
