#include "jobs/containment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/ids.h"
#include "jobs/policy_desk.h"
#include "jobs/prompt_pattern.h"

namespace limner {
namespace {

constexpr std::string_view kFeatures[] = {"image-to-image", "inpainting", "controlnet",
                                          "lora",           "upscaling",  "frames"};

std::vector<std::string_view> features_of(const JobRequest& request) {
  const bool upscale = request.task == "upscale";
  const bool used[] = {!request.init.empty() && !upscale,
                       !request.mask.empty() || !request.outpaint.empty(),
                       !request.controls.empty(),
                       !request.loras.empty(),
                       upscale || !request.upscaler.empty() || has_second_upscaler(request.params),
                       request.frames > 0};
  static_assert(std::size(used) == std::size(kFeatures));
  std::vector<std::string_view> features;
  for (size_t i = 0; i < std::size(used); ++i)
    if (used[i]) features.push_back(kFeatures[i]);
  return features;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

std::string subject_text(const Incident& incident) {
  switch (incident.scope) {
    case IncidentScope::everything:
      return "all drawing";
    case IncidentScope::model:
      return fmt::format("the model {}", incident.subject);
    case IncidentScope::lora:
      return fmt::format("the LoRA {}", incident.subject);
    case IncidentScope::tenant:
      return "this tenant's drawing";
    case IncidentScope::key:
      return "drawing with this key";
    case IncidentScope::prompt:
      return "drawing of such prompts";
    case IncidentScope::feature:
      return incident.subject;
  }
  return "drawing";
}

const Incident* first_that(const std::vector<IncidentMatch>& matches, DrawingFacts facts, Ledger& ledger,
                           TimeUs now, bool withholding) {
  if (std::ranges::any_of(matches, &IncidentMatch::wants_digests)) add_digests(facts, ledger);
  for (const IncidentMatch& match : matches) {
    const Incident& incident = match.incident();
    if (incident.holds_at(now) && (incident.withhold || !withholding) && match.stops(facts)) return &incident;
  }
  return nullptr;
}

}  // namespace

std::span<const std::string_view> drawing_features() { return kFeatures; }

Result<void> check_feature(std::string_view name) {
  if (std::ranges::find(kFeatures, name) != std::end(kFeatures)) return {};
  return not_found("subject", fmt::format("'{}' is no feature; there are: {}", name.substr(0, 40),
                                          fmt::join(kFeatures, ", ")));
}

DrawingFacts facts_of(const Job& job, const JobRequest& request) {
  DrawingFacts facts{job.tenant, job.api_key, {job.model}, {}, {request.params.prompt}, {}, true};
  // An incident that was opened by command may have the alias that requests use.
  if (!request.model.empty() && request.model != job.model) facts.models.push_back(request.model);
  if (!request.upscaler.empty()) facts.models.push_back(request.upscaler);
  if (has_second_upscaler(request.params)) facts.models.push_back(request.params.hires_upscaler);
  if (request.params.blend_prompt) facts.prompts.push_back(*request.params.blend_prompt);
  for (const NamedWeight& lora : request.loras) facts.loras.push_back(lora.name);
  facts.features = features_of(request);
  return facts;
}

DrawingFacts facts_of(const Job& job) {
  // What cannot be read any more is still known by its own columns.
  const Result<JobRequest> request = job_request_from_json(job.request);
  DrawingFacts facts = facts_of(job, request ? *request : JobRequest());
  if (!request) facts.features.assign(std::begin(kFeatures), std::end(kFeatures));
  facts.prompts.push_back(job.prompt);
  facts.texts_known = job.unreadable.empty();
  // "NAME@DIGEST": the model that drew instead.
  if (!job.drawn_by.empty()) facts.models.push_back(job.drawn_by.substr(0, job.drawn_by.rfind('@')));
  return facts;
}

bool stops(const Incident& incident, const DrawingFacts& facts) {
  switch (incident.scope) {
    case IncidentScope::everything:
      return true;
    case IncidentScope::model:
      return has(facts.models, incident.subject);
    case IncidentScope::lora:
      return !facts.texts_known || has(facts.loras, incident.subject);
    case IncidentScope::tenant:
      return facts.tenant == incident.subject;
    case IncidentScope::key:
      return facts.key == incident.subject;
    case IncidentScope::prompt:
      // Nobody can say that it is not in one that nobody can read.
      return !facts.texts_known || std::ranges::any_of(facts.prompts, [&](const std::string& prompt) {
        return prompt_has(prompt, incident.subject);
      });
    case IncidentScope::feature:
      return std::ranges::find(facts.features, incident.subject) != facts.features.end();
  }
  return true;
}

void add_digests(DrawingFacts& facts, Ledger& ledger) {
  const std::vector<std::string> named = facts.loras;
  for (const std::string& lora : named) {
    if (!is_id(lora, "file")) continue;
    Result<std::string> digest = ledger.uploads().digest(lora);
    if (digest)
      facts.loras.push_back(std::move(*digest));
    else if (digest.error().code != Code::not_found)
      facts.digests_known = false;
  }
}

IncidentMatch::IncidentMatch(Incident incident, Ledger& ledger, const Catalogue* catalogue)
    : incident_(std::move(incident)) {
  std::string name;
  if (incident_.scope == IncidentScope::model && catalogue) {
    if (const Result<ModelEntry> entry = catalogue->find(incident_.subject)) name = entry->name;
  } else if (incident_.scope == IncidentScope::lora && is_id(incident_.subject, "file")) {
    const Result<std::string> digest = ledger.uploads().digest(incident_.subject);
    if (digest)
      name = *digest;
    else
      bytes_unknown_ = digest.error().code != Code::not_found;
  }
  if (name.empty() || name == incident_.subject) return;
  renamed_ = incident_;
  renamed_->subject = std::move(name);
}

bool IncidentMatch::stops(const DrawingFacts& facts) const {
  // Nobody can say that an uploaded LoRA is not the one meant.
  const auto uploaded = [](const std::string& lora) { return is_id(lora, "file"); };
  if (bytes_unknown_ && std::ranges::any_of(facts.loras, uploaded)) return true;
  if (wants_digests() && !facts.digests_known) return true;
  return limner::stops(incident_, facts) || (renamed_ && limner::stops(*renamed_, facts));
}

Error stopped_by(const Incident& incident, TimeUs now) {
  const std::string message = fmt::format("{}: {} is stopped{}", incident.id, subject_text(incident),
                                          incident.drill ? " (a drill)" : "");
  if (incident.scope != IncidentScope::everything)
    return Error{Code::forbidden, "incident", message, "ask the operator, with that id"};
  const TimeUs seconds = std::max<TimeUs>((incident.expires - now) / kSecondUs, 1);
  return Error{Code::unavailable, "incident", message, fmt::format("retry after {} s", seconds)};
}

Result<bool> Containment::refresh() {
  const std::lock_guard refreshing(refreshing_);
  std::vector<Incident> holding = TRY(ledger_.incidents().holding(clock_.now()));
  auto matches = std::make_shared<Matches>();
  for (Incident& incident : holding) matches->emplace_back(std::move(incident), ledger_, catalogue_);
  const std::lock_guard lock(mutex_);
  const bool more = std::ranges::any_of(*matches, [this](const IncidentMatch& match) {
    return std::ranges::none_of(
        *known_, [&](const IncidentMatch& before) { return before.incident().id == match.incident().id; });
  });
  known_ = std::move(matches);
  any_ = !known_->empty();
  return more;
}

std::shared_ptr<const Containment::Matches> Containment::known() const {
  const std::lock_guard lock(mutex_);
  return known_;
}

std::optional<Incident> Containment::stop(const DrawingFacts& facts) const {
  if (!any_) return std::nullopt;
  const auto incidents = known();
  const Incident* found = first_that(*incidents, facts, ledger_, clock_.now(), false);
  return found ? std::optional(*found) : std::nullopt;
}

Result<void> Containment::check(const Job& job) const {
  if (!any_) return {};
  const std::optional<Incident> incident = stop(facts_of(job));
  if (incident) return stopped_by(*incident, clock_.now());
  return {};
}

Result<void> Containment::check_picture(const PictureRow& picture) const {
  TRY(check_standing(picture.standing));
  if (!any_) return {};
  const auto incidents = known();
  if (std::ranges::none_of(*incidents, [](const IncidentMatch& match) { return match.incident().withhold; }))
    return {};
  const Job job = TRY(ledger_.jobs().find(picture.job));
  const TimeUs now = clock_.now();
  const Incident* found = first_that(*incidents, facts_of(job), ledger_, now, true);
  if (!found) return {};
  Error error = stopped_by(*found, now);
  error.message = fmt::format("{}: the picture is withheld{}", found->id, found->drill ? " (a drill)" : "");
  return error;
}

}  // namespace limner
