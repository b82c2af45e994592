#pragma once
// What was used, a row a job: the ground of every bill.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace limner {

/// Exactly one for each job that has ended.
struct UsageRow {
  std::string job, tenant, api_key, model, tier, state;
  std::vector<std::string> tags;
  TimeUs finished = 0;
  int pictures = 0;
  int64_t engine_us = 0;  ///< the job's share of the engine's busy time
  int64_t pixels = 0;     ///< of its pictures
  uint64_t bytes_stored = 0, bytes_sent = 0;
  int64_t cost_micros = 0;
};

/// Sums of usage rows.
struct UsageSum {
  std::vector<std::string> group;  ///< a value for each of UsageQuery::by
  int64_t jobs = 0, pictures = 0, engine_us = 0, pixels = 0, bytes_stored = 0, bytes_sent = 0,
          cost_micros = 0;
};

struct UsageQuery {
  std::string tenant;  ///< empty: all
  TimeUs from = 0, to = 0;
  std::vector<std::string> by;  ///< of "tenant", "key", "model", "tier", "tag", "day", "job"
};

/// What a tenant or a key has used of its budget in the month of `now`, and its pictures of the day.
struct Spending {
  int64_t spent_micros = 0, reserved_micros = 0;
  int pictures_today = 0;
  int open_jobs = 0;
};

class UsageTable {
 public:
  virtual ~UsageTable() = default;
  /// Grouped sums in order of group. By "tag" a job with two tags counts in both and one without under "".
  virtual Result<std::vector<UsageSum>> sums(const UsageQuery& query) = 0;
  virtual Result<UsageRow> of_job(std::string_view job) = 0;
  virtual Result<Spending> spending_of_tenant(std::string_view tenant, TimeUs now) = 0;
  virtual Result<Spending> spending_of_key(std::string_view key, TimeUs now) = 0;
};

}  // namespace limner
