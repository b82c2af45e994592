#include "ledger/sqlite/job_row.h"

#include <fmt/format.h>

#include <set>

#include "base/ids.h"
#include "ledger/sqlite/row_texts.h"

namespace limner::sqlite {
namespace {

// Tags and kept stages come along as JSON lists: one statement reads a job whole.
constexpr std::string_view kColumns =
    "SELECT id, tenant, api_key, state, tier, dialect, model, drawn_by, prompt, seed, count, request, batch,"
    " request_id, traceparent, webhook_url, submitted, started, finished, deadline, predicted_seconds, "
    "reserved,"
    " attempts, cancel_requested, lease_owner, lease_until, engine_us, error,"
    " (SELECT json_group_array(tag) FROM (SELECT tag FROM job_tags WHERE job = jobs.id ORDER BY position)),"
    " (SELECT json_group_array(json_array(stage, picture, key, bytes)) FROM kept_stages WHERE job = jobs.id)"
    " FROM jobs ";

// Reads the columns one after the other, in the order of kColumns.
class Cursor {
 public:
  explicit Cursor(const Rows& rows) : rows_(rows) {}
  int next() { return column_++; }
  std::string text() { return rows_.text(column_++); }
  int64_t integer() { return rows_.integer(column_++); }
  int number() { return rows_.number(column_++); }
  double real() { return rows_.real(column_++); }
  Result<Json> json() { return rows_.json(column_++); }

 private:
  const Rows& rows_;
  int column_ = 0;
};

std::string member(const Json& json, const char* name) { return json.value(name, std::string()); }

JobError error_of(const Json& json) {
  if (!json.is_object()) return {};
  return {member(json, "code"), member(json, "field"), member(json, "message"), member(json, "hint"),
          member(json, "kind")};
}

std::vector<KeptStage> kept_of(const Json& rows) {
  std::vector<KeptStage> kept;
  for (const Json& row : rows)
    kept.push_back({row[0].get<std::string>(), row[1].get<int>(), row[2].get<std::string>(),
                    static_cast<uint64_t>(row[3].get<int64_t>())});
  return kept;
}

Result<void> insert_tags(Connection& db, const Job& job) {
  int position = 0;
  for (const std::string& tag : job.tags)
    TRY(db.run("INSERT OR IGNORE INTO job_tags (tenant, tag, job, position) VALUES (?, ?, ?, ?)",
               {job.tenant, tag, job.id, position++}));
  return {};
}

// Uploads are named by id wherever the request has room for one; "ID:WEIGHT" is a way to write a LoRA.
void gather_uploads(const Json& json, std::set<std::string>& uploads) {
  if (json.is_structured()) {
    for (const Json& inner : json) gather_uploads(inner, uploads);
  } else if (json.is_string()) {
    const std::string& text = json.get_ref<const std::string&>();
    const std::string id = text.substr(0, text.find(':'));
    if (is_id(id, "file")) uploads.insert(id);
  }
}

Result<void> insert_inputs(Connection& db, const Job& job) {
  std::set<std::string> uploads;
  gather_uploads(job.request, uploads);
  for (const std::string& upload : uploads)
    TRY(db.run("INSERT INTO job_inputs (upload, job) VALUES (?, ?)", {upload, job.id}));
  return {};
}

}  // namespace

std::string jobs_query(std::string_view rest) { return std::string(kColumns).append(rest); }

Result<Job> read_job(const Rows& rows) {
  Cursor cursor(rows);
  Job job;
  job.id = cursor.text();
  job.tenant = cursor.text();
  job.api_key = cursor.text();
  job.state = static_cast<JobState>(cursor.number());
  job.tier = static_cast<Tier>(cursor.number());
  job.dialect = cursor.text();
  job.model = cursor.text();
  job.drawn_by = cursor.text();
  RowTexts texts(rows, job.tenant, job.id);
  job.prompt = texts.text(cursor.next(), "jobs.prompt");
  job.seed = static_cast<uint64_t>(cursor.integer());
  job.count = cursor.number();
  job.request = texts.json(cursor.next(), "jobs.request");
  job.batch = cursor.text();
  job.request_id = cursor.text();
  job.traceparent = cursor.text();
  job.webhook_url = texts.text(cursor.next(), "jobs.webhook_url");
  job.submitted = cursor.integer();
  job.started = cursor.integer();
  job.finished = cursor.integer();
  job.deadline = cursor.integer();
  job.predicted_seconds = cursor.real();
  job.reserved_micros = cursor.integer();
  job.attempts = cursor.number();
  job.cancel_requested = cursor.integer() != 0;
  job.lease_owner = cursor.text();
  job.lease_until = cursor.integer();
  job.engine_us = cursor.integer();
  const Json error = texts.json(cursor.next(), "jobs.error");
  const Json tags = TRY(cursor.json());
  const Json kept = TRY(cursor.json());
  job.error = error_of(error);
  job.unreadable = TRY(texts.unreadable());
  job.tags = tags.get<std::vector<std::string>>();
  job.kept = kept_of(kept);
  return job;
}

Result<Job> find_job(Connection& db, std::string_view id) {
  std::optional<Job> job = TRY(db.first<Job>(read_job, jobs_query("WHERE id = ?"), {id}));
  if (!job) return no_job(id);
  return std::move(*job);
}

Result<void> insert_job(Connection& db, const Job& job, int64_t day) {
  const auto sealed = [&](std::string_view column, std::string_view text) {
    return db.sealed({column, job.tenant, job.id}, text);
  };
  const std::string prompt = TRY(sealed("jobs.prompt", job.prompt));
  const std::string request = TRY(sealed("jobs.request", json_column(job.request)));
  const std::string webhook_url = TRY(sealed("jobs.webhook_url", job.webhook_url));
  TRY(db.run(
      "INSERT INTO jobs (id, tenant, api_key, state, tier, dialect, model, drawn_by, prompt, seed, count,"
      " request, batch, request_id, traceparent, webhook_url, submitted, started, finished, deadline,"
      " predicted_seconds, reserved, counted_day, attempts, cancel_requested, engine_us, error)"
      " VALUES (?, ?, ?, 0, ?, ?, ?, '', ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, 0, 0, 0, NULL)",
      {job.id, job.tenant, job.api_key, job.tier, job.dialect, job.model, prompt, job.seed, job.count,
       request, null_if_empty(job.batch), job.request_id, job.traceparent, webhook_url, job.submitted,
       job.deadline, job.predicted_seconds, job.reserved_micros, day}));
  TRY(insert_tags(db, job));
  return insert_inputs(db, job);
}

Result<Claim> claim_of(Connection& db, const Job& job) {
  const int64_t day = TRY(db.integer("SELECT counted_day FROM jobs WHERE id = ?", {job.id}));
  return Claim{job.tenant, job.api_key, job.reserved_micros, job.count, day};
}

Error no_job(std::string_view id) {
  return not_found("job", fmt::format("there is no job '{}'", id.substr(0, 100)));
}

Error not_now(const Job& job, std::string_view done) {
  return {Code::conflict,
          "state",
          fmt::format("the job {} is {} and cannot be {}", job.id, job_state_name(job.state), done),
          {}};
}

Result<std::string> error_column(Connection& db, const Job& job, const JobError& error) {
  if (error.empty()) return std::string();
  return db.sealed({"jobs.error", job.tenant, job.id}, json_column({{"code", error.code},
                                                                    {"field", error.field},
                                                                    {"message", error.message},
                                                                    {"hint", error.hint},
                                                                    {"kind", error.kind}}));
}

}  // namespace limner::sqlite
