#pragma once
// Measured costs, remembered between starts.

#include <filesystem>

#include "base/log.h"
#include "schedule/cost_profile.h"

namespace limner::drawing {

/// What an earlier process measured; an empty profile where there is none or it cannot be read, which is
/// logged: it is learnt again.
CostProfile read_profile(const std::filesystem::path& path, Log& log);
/// Whole or not at all. Nothing for an empty path.
void write_profile(const std::filesystem::path& path, const CostProfile& profile, Log& log);

}  // namespace limner::drawing
