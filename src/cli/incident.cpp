// limner incident: drawing is stopped, and what it was about is collected.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <map>

#include "base/crypto.h"
#include "base/files.h"
#include "base/ids.h"
#include "base/version.h"
#include "cli/data_command.h"
#include "cli/printable.h"
#include "cli/server_store.h"
#include "jobs/containment.h"
#include "jobs/incident_report.h"

namespace limner {
namespace {

constexpr double kSecondsMax = 30 * 86'400;
constexpr int kReviewPage = 500;

struct IncidentFlags {
  std::filesystem::path data, config, output;
  std::string id, scope, subject, reason;
  double hours = 0, since_hours = 24;
  bool withhold = false, drill = false, json = false;
};

Json time_text_json(TimeUs time) { return time == 0 ? Json(nullptr) : Json(time_text(time)); }
Json shown(const Incident& incident) { return incident_json(incident, time_text_json); }

// As the API: a tenant by id or name, a key by id.
Result<std::string> subject_of(Ledger& ledger, IncidentScope scope, const std::string& subject) {
  if ((scope == IncidentScope::everything) != subject.empty())
    return invalid("scope", "all has no subject, and the others have one: model NAME");
  if (scope == IncidentScope::feature) TRY(check_feature(subject));
  if (scope == IncidentScope::key) return TRY(ledger.tenants().find_key(subject)).id;
  if (scope != IncidentScope::tenant) return subject;
  return is_id(subject, "ten") ? TRY(ledger.tenants().find(subject)).id
                               : TRY(ledger.tenants().find_by_name(subject)).id;
}

// There is no catalogue here, and a name that nothing has stops nothing. Beside the output: scripts read
// that.
void say_how_it_matches(const Incident& incident) {
  if (incident.scope != IncidentScope::model && incident.scope != IncidentScope::lora) return;
  fmt::print(stderr, "limner: the name is matched as it is written: \"{}\" must be {}\n",
             printable(incident.subject),
             incident.scope == IncidentScope::model
                 ? "a model's or an upscaler's name, or the alias that requests use"
                 : "a LoRA's name or the id of an uploaded one");
}

Result<int> open_one(const IncidentFlags& flags) {
  const SystemClock clock;
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, false, clock));
  Incident incident;
  incident.scope = TRY(incident_scope_from_name(flags.scope));
  incident.subject = TRY(subject_of(*ledger, incident.scope, flags.subject));
  if (incident.scope == IncidentScope::prompt &&
      incident.subject.find_first_not_of("* ") == std::string::npos)
    return invalid("subject", "such a pattern is in every prompt", "the scope all stops everything");
  if (flags.reason.empty()) return invalid("reason", "is empty");
  incident.id = new_id("inc");
  incident.reason = flags.reason;
  incident.withhold = flags.withhold;
  incident.drill = flags.drill;
  incident.opened = clock.now();
  incident.expires = incident.opened + static_cast<TimeUs>(flags.hours * 3600 * kSecondUs);
  incident.opened_by = this_person();
  TRY(ledger->incidents().open(incident));
  say_how_it_matches(incident);
  fmt::print("{}\n", flags.json ? json_text(shown(incident), kOneLine) : incident.id);
  return 0;
}

void print_incident(const Incident& incident, TimeUs now) {
  fmt::print("{}  {:<8} {:<7} {}{}{}  until {}  {}\n", incident.id,
             incident.lifted ? "lifted" : (incident.holds_at(now) ? "holds" : "over"),
             incident_scope_name(incident.scope), printable(incident.subject),
             incident.withhold ? "  withholds" : "", incident.drill ? "  drill" : "",
             time_text(incident.expires), printable(incident.reason));
}

Result<int> list_incidents(const IncidentFlags& flags) {
  const SystemClock clock;
  const std::unique_ptr<Ledger> ledger = TRY(open_data_ledger(flags.data, false, clock));
  const std::vector<Incident> found = TRY(ledger->incidents().list(500, ""));
  Json all = Json::array();
  for (const Incident& incident : found) {
    if (!flags.json) print_incident(incident, clock.now());
    all.push_back(shown(incident));
  }
  if (flags.json) fmt::print("{}\n", json_text(all));
  return 0;
}

// Jobs from some hours before it was opened to its end, or to now.
Result<void> for_affected(Ledger& ledger, const Incident& incident, double since_hours, TimeUs now,
                          const std::function<Result<void>(const Job&)>& each) {
  const TimeUs from = incident.opened - static_cast<TimeUs>(since_hours * 3600 * kSecondUs);
  const TimeUs end = incident.lifted != 0 ? incident.lifted : std::min(incident.expires, now);
  return for_jobs_of(ledger, incident, from, end + 1, each);
}

Result<int> scope(const IncidentFlags& flags) {
  const SystemClock clock;
  const OpenedLedger opened = TRY(open_server_ledger(flags.config, flags.data, clock));
  const std::unique_ptr<Ledger>& ledger = opened.ledger;
  const Incident incident = TRY(ledger->incidents().find(flags.id));
  Json jobs = Json::array();
  std::map<std::string, int> states, tenants;
  TRY(for_affected(*ledger, incident, flags.since_hours, clock.now(), [&](const Job& job) -> Result<void> {
    ++states[job_state_name(job.state)];
    ++tenants[job.tenant];
    jobs.push_back({{"id", job.id}, {"state", job_state_name(job.state)}, {"tenant", job.tenant}});
    if (!flags.json) fmt::print("{}  {:<9} {}\n", job.id, job_state_name(job.state), job.tenant);
    return {};
  }));
  if (flags.json)
    fmt::print("{}\n",
               json_text({{"incident", shown(incident)},
                          {"report", report_json(TRY(incident_report(*ledger, incident, clock.now())))},
                          {"states", states},
                          {"tenants", tenants},
                          {"jobs", jobs}}));
  return 0;
}

Json judged_json(const VerdictRow& verdict) {
  return {{"stage", verdict_stage_name(verdict.stage)},
          {"subject", verdict.subject},
          {"verdict", standing_name(verdict.standing)},
          {"policy", verdict.policy},
          {"rules", verdict.rules},
          {"reasons", verdict.reasons},
          {"categories", verdict.categories},
          {"risk", verdict.risk},
          {"time", time_text_json(verdict.created)}};
}

Json review_json(const Review& review) {
  Json decisions = Json::array();
  for (const ReviewDecision& made : review.decisions)
    decisions.push_back({{"by", {{"kind", made.by.kind}, {"id", made.by.id}}},
                         {"decision", ruling_name(made.ruling)},
                         {"reason", made.reason},
                         {"time", time_text_json(made.at)}});
  return {{"id", review.id},
          {"cause", review_cause_name(review.cause)},
          {"stage", verdict_stage_name(review.verdict.stage)},
          {"subject", review.verdict.subject},
          {"appeal", review.appeal},
          {"created", time_text_json(review.created)},
          {"decided", time_text_json(review.decided)},
          {"outcome", review.decided != 0 ? Json(standing_name(review.outcome)) : Json(nullptr)},
          {"decisions", std::move(decisions)}};
}

Result<void> add_reviews(Ledger& ledger, const std::string& job, bool open, Json& all) {
  ReviewQuery query;
  query.open = open;
  query.job = job;
  query.limit = kReviewPage;
  for (;;) {
    const std::vector<Review> page = TRY(ledger.reviews().list(query));
    for (const Review& review : page) all.push_back(review_json(review));
    if (page.size() < kReviewPage) return {};
    query.offset += kReviewPage;
  }
}

// What policies and persons said of it.
Result<void> add_judgements(Ledger& ledger, const Job& job, Json& json) {
  json["verdicts"] = Json::array();
  const std::vector<VerdictRow> verdicts = TRY(ledger.reviews().verdicts(job.id));
  for (const VerdictRow& verdict : verdicts) json["verdicts"].push_back(judged_json(verdict));
  Json reviews = Json::array();
  for (const bool open : {false, true}) TRY(add_reviews(ledger, job.id, open, reviews));
  json["reviews"] = std::move(reviews);
  return {};
}

Json job_json(const Job& job, const std::vector<PictureRow>& pictures) {
  Json files = Json::array();
  for (const PictureRow& picture : pictures)
    files.push_back({{"id", picture.id},
                     {"seed", picture.seed},
                     {"sha256", picture.sha256},
                     {"deleted", picture.deleted != 0},
                     {"metadata", picture.metadata}});
  return {{"id", job.id},
          {"tenant", job.tenant},
          {"key", job.api_key},
          {"state", job_state_name(job.state)},
          {"model", job.model},
          {"drawn_by", job.drawn_by},
          {"prompt", job.prompt},
          {"unreadable", job.unreadable.empty() ? Json(nullptr) : Json(job.unreadable)},
          {"seed", job.seed},
          {"count", job.count},
          {"request", job.request},
          {"tags", job.tags},
          {"request_id", job.request_id},
          {"submitted", time_text_json(job.submitted)},
          {"started", time_text_json(job.started)},
          {"finished", time_text_json(job.finished)},
          {"error", {{"code", job.error.code}, {"message", job.error.message}}},
          {"pictures", std::move(files)}};
}

// The files of a job's pictures; how many the store did not give.
Result<int> write_pictures(Store& store, const std::filesystem::path& folder,
                           const std::vector<PictureRow>& pictures) {
  int missing = 0;
  for (const PictureRow& picture : pictures) {
    if (picture.deleted != 0) continue;
    const Result<std::string> bytes = store.get(picture.key, picture.bytes);
    if (!bytes) {
      ++missing;
      continue;
    }
    TRY(write_file_atomically(folder / (picture.id + "." + picture.format), as_bytes(*bytes)));
  }
  return missing;
}

Result<int> export_incident(const IncidentFlags& flags) {
  const SystemClock clock;
  const ServeConfig config =
      TRY(read_serve_config({.config = flags.config, .data = flags.data, .listen = {}}));
  const OpenedLedger opened = TRY(open_server_ledger(config, clock));
  const std::unique_ptr<Ledger>& ledger = opened.ledger;
  const Incident incident = TRY(ledger->incidents().find(flags.id));
  HttpClient http;
  const std::unique_ptr<TenantKeys> keys = TRY(open_tenant_keys(opened.master_keys.get(), *ledger));
  const std::unique_ptr<Store> store = decrypting(TRY(open_store(config.store, http, clock)), keys.get());
  const std::filesystem::path pictures_folder = flags.output / "pictures";
  std::error_code error;
  std::filesystem::create_directories(pictures_folder, error);
  // Prompts and pictures of tenants.
  if (!error) std::filesystem::permissions(flags.output, std::filesystem::perms::owner_all, error);
  if (error) return Error{Code::unavailable, flags.output.string(), "cannot be made: " + error.message(), {}};
  TRY(ledger->audit().record({"incident.export", this_person(), {"incident", incident.id}}));
  std::string lines;
  int jobs = 0, missing = 0;
  TRY(for_affected(*ledger, incident, flags.since_hours, clock.now(), [&](const Job& job) -> Result<void> {
    const std::vector<PictureRow> pictures = TRY(ledger->pictures().of_job(job.id));
    Json line = job_json(job, pictures);
    TRY(add_judgements(*ledger, job, line));
    lines += json_text(line, kOneLine) + '\n';
    missing += TRY(write_pictures(*store, pictures_folder, pictures));
    ++jobs;
    return {};
  }));
  TRY(write_file_atomically(flags.output / "jobs.jsonl", as_bytes(lines)));
  const Json about = {{"incident", shown(incident)},
                      {"report", report_json(TRY(incident_report(*ledger, incident, clock.now())))},
                      {"version", kVersion},
                      {"build", kBuild},
                      {"jobs", jobs},
                      {"pictures_missing", missing}};
  TRY(write_file_atomically(flags.output / "incident.json", as_bytes(json_text(about) + "\n")));
  fmt::print("{}\n", flags.json ? json_text(about, kOneLine) : flags.output.string());
  return missing == 0 ? 0 : 1;
}

}  // namespace

void add_incident(CLI::App& app, CommandSlot& slot) {
  auto flags = std::make_shared<IncidentFlags>();
  CLI::App* command = app.add_subcommand("incident", "Stop drawing, and collect what it was about");
  command->require_subcommand(1);
  CLI::App* opened = add_data_command(
      *command, slot, "open", "Stop drawing of what is named; prints the incident's id", open_one, flags);
  opened->add_option("scope", flags->scope, "all, model, lora, tenant, key, prompt or feature")->required();
  opened->add_option("subject", flags->subject,
                     "Name, id or pattern ('*' stands for anything); none for all");
  opened->add_option("--hours", flags->hours, "After which it ends by itself")
      ->required()
      ->check(CLI::Range(1.0 / 3600, kSecondsMax / 3600));
  opened->add_option("--reason", flags->reason, "Why")->required();
  opened->add_flag("--withhold", flags->withhold, "Give out no pictures of such jobs either");
  opened->add_flag("--drill", flags->drill, "It is an exercise, and says so");
  add_data_command(*command, slot, "list", "The incidents", list_incidents, flags);
  CLI::App* scoped = add_data_command(*command, slot, "scope", "The jobs that it is about", scope, flags);
  CLI::App* exported = add_data_command(
      *command, slot, "export", "Prompts, seeds, versions, verdicts and pictures of those jobs into a folder",
      export_incident, flags);
  for (CLI::App* sub : {scoped, exported}) {
    sub->add_option("id", flags->id, "Its id, inc_...")->required();
    sub->add_option("--since-hours", flags->since_hours, "So long before it was opened")
        ->capture_default_str()
        ->check(CLI::Range(0.0, 87'600.0));
    sub->add_option("--config", flags->config,
                    "Configuration file of the server, which says where its store and its master key are");
  }
  exported->add_option("-o,--output", flags->output, "The folder")->required();
}

}  // namespace limner
