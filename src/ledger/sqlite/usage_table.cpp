#include "ledger/sqlite/usage_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "ledger/sqlite/claims.h"

namespace limner::sqlite {
namespace {

// A group a job would be the most: an answer has to end somewhere.
constexpr size_t kGroupsMax = 1'000'000;
constexpr size_t kByMax = 7;

struct Dimension {
  std::string_view name;
  const char* sql;
};
constexpr Dimension kDimensions[] = {
    {"tenant", "usage.tenant"}, {"key", "usage.api_key"},   {"model", "usage.model"},
    {"tier", "usage.tier"},     {"tag", "ifnull(tag, '')"}, {"day", "date(finished / 1000000, 'unixepoch')"},
    {"job", "usage.job"}};

Result<const char*> dimension(std::string_view name) {
  for (const Dimension& each : kDimensions)
    if (each.name == name) return each.sql;
  return invalid(
      "by", fmt::format("'{}' is not one of tenant, key, model, tier, tag, day, job", name.substr(0, 40)));
}

// "a, b", to select, group and order by.
Result<std::string> dimensions(const std::vector<std::string>& by) {
  if (by.size() > kByMax)
    return invalid("by", fmt::format("has {} names; at most {} are allowed", by.size(), kByMax));
  std::string list;
  for (const std::string& name : by) {
    const char* sql = TRY(dimension(name));
    list += (list.empty() ? "" : ", ") + std::string(sql);
  }
  return list;
}

Result<std::string> sums_query(const UsageQuery& query) {
  const std::string by = TRY(dimensions(query.by));
  const bool tags = std::find(query.by.begin(), query.by.end(), "tag") != query.by.end();
  std::string sql =
      "SELECT count(*), sum(pictures), sum(engine_us), sum(pixels), sum(bytes_stored), sum(bytes_sent),"
      " sum(cost_micros)";
  if (!by.empty()) sql += ", " + by;
  sql += " FROM usage";
  if (tags) sql += " LEFT JOIN job_tags ON job_tags.job = usage.job";
  sql += " WHERE finished >= ? AND finished < ?";
  if (!query.tenant.empty()) sql += " AND usage.tenant = ?";
  if (!by.empty()) sql += " GROUP BY " + by + " ORDER BY " + by;
  return sql + " LIMIT ?";
}

UsageSum read_sum(const Rows& rows, size_t by) {
  UsageSum sum{{},
               rows.integer(0),
               rows.integer(1),
               rows.integer(2),
               rows.integer(3),
               rows.integer(4),
               rows.integer(5),
               rows.integer(6)};
  for (size_t i = 0; i < by; ++i) sum.group.push_back(rows.text(static_cast<int>(7 + i)));
  return sum;
}

Result<UsageRow> read_usage(const Rows& rows) {
  UsageRow usage{rows.text(0), rows.text(1), rows.text(2), rows.text(3), rows.text(4), rows.text(5)};
  usage.finished = rows.integer(6);
  usage.pictures = rows.number(7);
  usage.engine_us = rows.integer(8);
  usage.pixels = rows.integer(9);
  usage.bytes_stored = rows.unsigned_integer(10);
  usage.bytes_sent = rows.unsigned_integer(11);
  usage.cost_micros = rows.integer(12);
  return usage;
}

}  // namespace

Result<std::vector<UsageSum>> SqliteUsageTable::sums(const UsageQuery& query) {
  return database_.read([&](Connection& db) -> Result<std::vector<UsageSum>> {
    const std::string sql = TRY(sums_query(query));
    const TimeUs to = query.to ? query.to : std::numeric_limits<TimeUs>::max();
    std::vector<Value> values = {query.from, to};
    if (!query.tenant.empty()) values.emplace_back(query.tenant);
    values.emplace_back(kGroupsMax + 1);
    std::vector<UsageSum> sums = TRY(db.collect<UsageSum>(
        [&](const Rows& rows) { return Result<UsageSum>(read_sum(rows, query.by.size())); }, sql, values));
    if (sums.size() > kGroupsMax)
      return Error{Code::too_large, "by", fmt::format("there are more than {} groups", kGroupsMax),
                   "ask for a shorter time"};
    return sums;
  });
}

Result<UsageRow> SqliteUsageTable::of_job(std::string_view job) {
  return database_.read([&](Connection& db) -> Result<UsageRow> {
    std::optional<UsageRow> usage =
        TRY(db.first<UsageRow>(read_usage,
                               "SELECT job, tenant, api_key, model, tier, state, finished, pictures, "
                               "engine_us, pixels, bytes_stored,"
                               " bytes_sent, cost_micros FROM usage WHERE job = ?",
                               {job}));
    if (!usage) return not_found("job", fmt::format("no usage of a job '{}' is booked", job.substr(0, 100)));
    usage->tags = TRY(db.collect<std::string>(
        text_column, "SELECT tag FROM job_tags WHERE job = ? ORDER BY position", {job}));
    return std::move(*usage);
  });
}

Result<Spending> SqliteUsageTable::spending_of_tenant(std::string_view tenant, TimeUs now) {
  return database_.read([&](Connection& db) { return spending_of(db, tenant, now); });
}

Result<Spending> SqliteUsageTable::spending_of_key(std::string_view key, TimeUs now) {
  return database_.read([&](Connection& db) { return spending_of(db, key, now); });
}

}  // namespace limner::sqlite
