// Names of the ledger's numbered words.

#include <fmt/format.h>

#include <array>

#include "ledger/batches.h"
#include "ledger/jobs.h"

namespace limner {
namespace {

constexpr std::array kStates = {"queued", "drawing", "finishing", "checking",  "stored",
                                "held",   "refused", "failed",    "cancelled", "expired"};
constexpr std::array kTierNames = {"realtime", "standard", "batch"};
constexpr std::array kBatchStates = {"validating", "in_progress", "finalizing", "completed",
                                     "failed",     "expired",     "cancelling", "cancelled"};
static_assert(kTierNames.size() == kTiers);

template <class Word, size_t N>
Result<Word> word_from_name(const std::array<const char*, N>& names, std::string_view name,
                            const char* field) {
  for (size_t i = 0; i < N; ++i)
    if (name == names[i]) return static_cast<Word>(i);
  return invalid(field, fmt::format("'{}' is not one of {}", name.substr(0, 40), fmt::join(names, ", ")));
}

}  // namespace

const char* job_state_name(JobState state) { return kStates.at(static_cast<size_t>(state)); }

Result<JobState> job_state_from_name(std::string_view name) {
  return word_from_name<JobState>(kStates, name, "state");
}

bool has_ended(JobState state) { return state >= JobState::stored; }

Error unreadable_error(const Job& job) {
  return {Code::data_loss, "job", fmt::format("{} cannot be read: {}", job.id, job.unreadable), {}};
}

const char* tier_name(Tier tier) { return kTierNames.at(static_cast<size_t>(tier)); }

Result<Tier> tier_from_name(std::string_view name) { return word_from_name<Tier>(kTierNames, name, "tier"); }

const char* batch_state_name(BatchState state) { return kBatchStates.at(static_cast<size_t>(state)); }

}  // namespace limner
