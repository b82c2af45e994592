#include "ledger/sqlite/job_search.h"

#include <fmt/format.h>

#include "ledger/sqlite/job_row.h"

namespace limner::sqlite {
namespace {

constexpr int kLimitMax = 500;
// SQLite refuses patterns above 50,000 bytes; nobody remembers so much of a prompt.
constexpr size_t kTextBytesMax = 1000;

// '%' and '_' mean themselves.
std::string like_pattern(std::string_view text) {
  std::string pattern = "%";
  for (const char letter : text) {
    if (letter == '%' || letter == '_' || letter == '\\') pattern += '\\';
    pattern += letter;
  }
  return pattern + '%';
}

// Conditions that hold together, with their values. Texts that a value points to live as long as this.
class Conditions {
 public:
  void add(std::string_view condition, Value value) {
    sql_ += sql_.empty() ? "WHERE " : " AND ";
    sql_ += condition;
    values_.push_back(value);
  }
  void add_unless_empty(std::string_view condition, const std::string& value) {
    if (!value.empty()) add(condition, value);
  }
  const std::string& sql() const { return sql_; }
  std::vector<Value>& values() { return values_; }

 private:
  std::string sql_;
  std::vector<Value> values_;
};

std::string states_json(const std::vector<JobState>& states) {
  Json json = Json::array();
  for (const JobState state : states) json.push_back(static_cast<int>(state));
  return json_column(json);
}

Result<void> check(const JobQuery& query) {
  if (query.limit < 1 || query.limit > kLimitMax)
    return invalid("limit", fmt::format("{} is not within 1 to {}", query.limit, kLimitMax));
  if (query.text.size() > kTextBytesMax)
    return invalid("text", fmt::format("has {} bytes; at most {} can be searched for", query.text.size(),
                                       kTextBytesMax));
  return {};
}

// A tag that few jobs have leads straight to them.
void add_tag(Conditions& where, const JobQuery& query) {
  if (query.tag.empty()) return;
  if (query.tenant.empty()) {
    where.add("EXISTS (SELECT 1 FROM job_tags WHERE job = jobs.id AND tag = ?)", query.tag);
    return;
  }
  where.add("id IN (SELECT job FROM job_tags WHERE tenant = ?", query.tenant);
  where.add("tag = ?)", query.tag);
}

}  // namespace

Result<std::vector<Job>> search_jobs(Connection& db, const JobQuery& query) {
  TRY(check(query));
  const std::string pattern = like_pattern(query.text);
  const std::string states = states_json(query.states);
  Conditions where;
  // Hardly two jobs have a seed: its index, kept from the tenant's by the plus, leads straight to them.
  where.add_unless_empty(query.seed ? "+tenant = ?" : "tenant = ?", query.tenant);
  where.add_unless_empty("id < ?", query.before);
  where.add_unless_empty("model = ?", query.model);
  where.add_unless_empty("batch = ?", query.batch);
  add_tag(where, query);
  if (query.seed) where.add("seed = ?", *query.seed);
  if (query.tier) where.add("tier = ?", *query.tier);
  if (query.from) where.add("submitted >= ?", query.from);
  if (query.to) where.add("submitted < ?", query.to);
  if (!query.states.empty()) where.add("state IN (SELECT value FROM json_each(?))", states);
  if (!query.text.empty()) where.add("prompt LIKE ? ESCAPE '\\'", pattern);
  std::vector<Value>& values = where.values();
  values.push_back(query.limit);
  return db.collect<Job>(read_job, jobs_query(where.sql() + " ORDER BY id DESC LIMIT ?"), values);
}

}  // namespace limner::sqlite
