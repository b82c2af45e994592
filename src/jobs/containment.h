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

namespace limner {

/// What of a drawing an incident can name.
struct DrawingFacts {
  std::string tenant, key;
  std::vector<std::string> models, loras, prompts;
  std::vector<std::string_view> features;  ///< some of drawing_features()
  bool texts_known = true;                 ///< false: prompts and LoRAs cannot be read any more
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

/// What whoever asked is told: `forbidden`, or `unavailable` where everything is stopped; the field is
/// "incident", the message begins with the incident's id.
Error stopped_by(const Incident& incident, TimeUs now);

/// The incidents that hold, as last read from the ledger. Thread-safe; while none holds, asking is one load.
class Containment {
 public:
  Containment(Ledger& ledger, const Clock& clock) : ledger_(ledger), clock_(clock) {}

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
  std::shared_ptr<const std::vector<Incident>> known() const;

  Ledger& ledger_;
  const Clock& clock_;
  std::mutex refreshing_;  ///< or an older reading could replace a newer one
  std::atomic<bool> any_ = false;
  mutable std::mutex mutex_;
  std::shared_ptr<const std::vector<Incident>> known_ = std::make_shared<const std::vector<Incident>>();
};

}  // namespace limner
