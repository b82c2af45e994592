#pragma once
// What incidents stop: asked before a job is taken, while it is drawn, and before its pictures are given out.

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "jobs/job_request.h"
#include "ledger/ledger.h"
#include "registry/catalogue.h"

namespace limner {

/// What of a drawing an incident can name.
struct DrawingFacts {
  std::string tenant, key;
  std::vector<std::string> models;  ///< the one that draws, how the request names it, and upscalers
  std::vector<std::string> loras, prompts;
  std::vector<std::string_view> features;  ///< some of drawing_features()
  bool texts_known = true;                 ///< false: prompts and LoRAs cannot be read any more
  bool digests_known = true;  ///< false: of an uploaded LoRA it cannot be said now what its bytes are
};
/// The ways of drawing that an incident can stop: "image-to-image", "inpainting", "controlnet", "lora",
/// "upscaling", "frames".
std::span<const std::string_view> drawing_features();
/// `not_found` with field "subject", listing them, for what is none.
Result<void> check_feature(std::string_view name);

/// Of a job as the ledger has it.
DrawingFacts facts_of(const Job& job);
/// Of a job whose request was read already.
DrawingFacts facts_of(const Job& job, const JobRequest& request);

bool stops(const Incident& incident, const DrawingFacts& facts);

/// Adds to uploaded LoRAs their digests, by which the same bytes are known that were uploaded again. What the
/// ledger cannot tell now leaves digests_known false: incidents about LoRAs then stop the drawing.
void add_digests(DrawingFacts& facts, Ledger& ledger);

/// An incident, and the name that drawings have for its subject where that is another.
class IncidentMatch {
 public:
  /// Without a catalogue a model is known by the name that the incident has for it alone.
  IncidentMatch(Incident incident, Ledger& ledger, const Catalogue* catalogue);
  bool stops(const DrawingFacts& facts) const;
  bool wants_digests() const { return renamed_ && renamed_->scope == IncidentScope::lora; }
  const Incident& incident() const { return incident_; }

 private:
  Incident incident_;
  std::optional<Incident> renamed_;
  bool bytes_unknown_ = false;  ///< of the uploaded LoRA that is its subject, until it is read again
};

/// What whoever asked is told: `forbidden`, or `unavailable` where everything is stopped; the field is
/// "incident", the message begins with the incident's id.
Error stopped_by(const Incident& incident, TimeUs now);

/// The incidents that hold, as last read from the ledger. Thread-safe; while none holds, asking is one load.
class Containment {
 public:
  /// With a catalogue, a model that an incident names by an alias is stopped under all of its names.
  Containment(Ledger& ledger, const Clock& clock, const Catalogue* catalogue = nullptr)
      : ledger_(ledger), clock_(clock), catalogue_(catalogue) {}

  /// Reads them again; true if one holds that did not before. An Error leaves those that were known.
  Result<bool> refresh();
  /// The first that stops such a drawing.
  std::optional<Incident> stop(const DrawingFacts& facts) const;
  /// `stopped_by` the first that stops the job.
  Result<void> check(const Job& job) const;
  /// THE DOOR that every picture goes out by: `refused` if policies did not let it pass, else likewise of
  /// those incidents that withhold pictures too, for a picture's job. Fails closed where the job cannot be
  /// read.
  Result<void> check_picture(const PictureRow& picture) const;
  bool any() const { return any_.load(); }

 private:
  using Matches = std::vector<IncidentMatch>;
  std::shared_ptr<const Matches> known() const;

  Ledger& ledger_;
  const Clock& clock_;
  const Catalogue* catalogue_;
  std::mutex refreshing_;  ///< or an older reading could replace a newer one
  std::atomic<bool> any_ = false;
  mutable std::mutex mutex_;
  std::shared_ptr<const Matches> known_ = std::make_shared<const Matches>();
};

}  // namespace limner
