#pragma once
// What the limits of a key and of its tenant let a request ask for.

#include <cstdint>

#include "jobs/caller.h"
#include "ledger/jobs.h"
#include "registry/catalogue.h"

namespace limner {

/// `forbidden` with field "model", "tier" or "size" where one of them does not allow it.
Result<void> check_model_allowed(const Caller& caller, const ModelEntry& entry);
Result<void> check_tier_allowed(const Caller& caller, Tier tier);
Result<void> check_pixels_allowed(const Caller& caller, int64_t pixels);

}  // namespace limner
