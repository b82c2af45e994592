#include "ledger/sqlite/job_search.h"

#include <fmt/format.h>

#include <algorithm>

#include "ledger/sqlite/job_row.h"
#include "ledger/sqlite/row_texts.h"
#include "ledger/sqlite/text_seal.h"

namespace limner::sqlite {
namespace {

constexpr int kLimitMax = 500;
// SQLite refuses patterns above 50,000 bytes; nobody remembers so much of a prompt.
constexpr size_t kTextBytesMax = 1000;
// Of encrypted prompts each is opened to look into it, which takes microseconds: so many for one page.
constexpr int kOpenedMax = 10'000;
constexpr int kOpenedAtOnce = 500;

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
  /// The one whose value search_sealed() puts in front of the others.
  void add_page() { sql_ = "WHERE id < ?"; }
  void add_unless_empty(std::string_view condition, const std::string& value) {
    if (!value.empty()) add(condition, value);
  }
  const std::string& sql() const { return sql_; }
  const std::vector<Value>& values() const { return values_; }

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

// As LIKE compares: letters of ASCII in any case.
bool has_text(std::string_view prompt, std::string_view text) {
  const auto lower = [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  };
  const auto alike = [lower](char a, char b) { return lower(a) == lower(b); };
  return std::search(prompt.begin(), prompt.end(), text.begin(), text.end(), alike) != prompt.end();
}

struct SealedPrompt {
  std::string id, prompt;
};

Result<SealedPrompt> read_prompt(const Rows& rows) {
  SealedPrompt row{rows.text(0), {}};
  const std::string tenant = rows.text(1);
  RowTexts texts(rows, tenant, row.id);
  row.prompt = texts.text(2, "jobs.prompt");
  TRY(texts.unreadable());
  return row;
}

// Where SQL cannot compare, prompts are opened one after the other.
Result<JobPage> search_sealed(Connection& db, const JobQuery& query, const Conditions& where) {
  JobPage page;
  const std::string sql =
      fmt::format("SELECT id, tenant, prompt FROM jobs {} ORDER BY id DESC LIMIT ?", where.sql());
  std::string after = query.before.empty() ? std::string(kAfterAllIds) : query.before;
  for (int opened = 0; opened < kOpenedMax; opened += kOpenedAtOnce) {
    std::vector<Value> values{after};
    values.insert(values.end(), where.values().begin(), where.values().end());
    values.emplace_back(kOpenedAtOnce);
    const std::vector<SealedPrompt> rows = TRY(db.collect<SealedPrompt>(read_prompt, sql, values));
    for (const SealedPrompt& row : rows) {
      if (!has_text(row.prompt, query.text)) continue;
      Job job = TRY(find_job(db, row.id));
      page.jobs.push_back(std::move(job));
      if (page.jobs.size() < static_cast<size_t>(query.limit)) continue;
      page.next = row.id;
      return page;
    }
    if (rows.size() < kOpenedAtOnce) return page;
    after = rows.back().id;
  }
  page.next = after;
  return page;
}

Result<JobPage> search_rows(Connection& db, const JobQuery& query, const Conditions& where) {
  std::vector<Value> values = where.values();
  values.emplace_back(query.limit);
  JobPage page;
  page.jobs = TRY(db.collect<Job>(read_job, jobs_query(where.sql() + " ORDER BY id DESC LIMIT ?"), values));
  if (page.jobs.size() == static_cast<size_t>(query.limit)) page.next = page.jobs.back().id;
  return page;
}

}  // namespace

Result<JobPage> search_jobs(Connection& db, const JobQuery& query) {
  TRY(check(query));
  const bool in_sealed = !query.text.empty() && !db.texts().plain();
  const std::string pattern = like_pattern(query.text);
  const std::string states = states_json(query.states);
  Conditions where;
  // First, for each page of such a search has another value for it.
  if (in_sealed) where.add_page();
  // Hardly two jobs have a seed: its index, kept from the tenant's by the plus, leads straight to them.
  where.add_unless_empty(query.seed ? "+tenant = ?" : "tenant = ?", query.tenant);
  if (!in_sealed) where.add_unless_empty("id < ?", query.before);
  where.add_unless_empty("model = ?", query.model);
  where.add_unless_empty("batch = ?", query.batch);
  add_tag(where, query);
  if (query.seed) where.add("seed = ?", *query.seed);
  if (query.tier) where.add("tier = ?", *query.tier);
  if (query.from) where.add("submitted >= ?", query.from);
  if (query.to) where.add("submitted < ?", query.to);
  if (!query.states.empty()) where.add("state IN (SELECT value FROM json_each(?))", states);
  if (in_sealed) return search_sealed(db, query, where);
  if (!query.text.empty()) where.add("prompt LIKE ? ESCAPE '\\'", pattern);
  return search_rows(db, query, where);
}

}  // namespace limner::sqlite
