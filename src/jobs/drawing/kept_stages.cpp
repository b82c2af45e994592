#include "jobs/drawing/kept_stages.h"

#include "base/crypto.h"
#include "jobs/drawing/persist.h"
#include "jobs/picture_keys.h"

namespace limner::drawing {
namespace {

constexpr const char* kLatents = "latents";

}  // namespace

Result<void> KeptStages::keep(ActiveJob& job, int picture, std::string_view latents, JobState state) {
  const KeptStage stage{kLatents, picture, stage_key(job.job.id, picture, kLatents), latents.size()};
  Store& store = context_.parts.store;
  TRY(persist(context_, "keep_latents", context_.config.store_patience_seconds,
              [&] { return store.put(stage.key, as_bytes(latents), "application/octet-stream"); }));
  const bool held = job.lease.settled() == Lease::State::held;
  const std::lock_guard lock(job.mutex);
  if (job.ended() || !held) return store.remove(stage.key);
  job.kept.push_back(stage);
  job.ledger_state = state;
  return context_.parts.ledger.jobs().advance(job.job.id, context_.config.owner, state, {&stage, 1},
                                              job.engine_us);
}

Result<std::map<int, std::string>> KeptStages::read(const Job& job) {
  std::map<int, std::string> kept;
  for (const KeptStage& stage : job.kept) {
    if (stage.stage != kLatents) continue;
    Result<std::string> bytes = context_.parts.store.get(stage.key, stage.bytes);
    if (bytes)
      kept.emplace(stage.picture, std::move(bytes).value());
    else if (bytes.error().code != Code::not_found)
      return std::move(bytes).error();
  }
  return kept;
}

void KeptStages::remove(ActiveJob& job) {
  std::vector<KeptStage> kept;
  {
    const std::lock_guard lock(job.mutex);
    kept = job.kept;
  }
  if (kept.empty()) return;
  for (const KeptStage& stage : kept)
    if (const Result<void> removed = context_.parts.store.remove(stage.key); !removed) return;
  // What could not be removed stays in the ledger, and the housekeeper tries again.
  if (const Result<void> cleared = context_.parts.ledger.jobs().clear_kept(job.job.id); !cleared)
    context_.parts.log.warning("kept_stages_not_cleared",
                               {{"job", job.job.id}, {"error", cleared.error().text()}});
}

}  // namespace limner::drawing
