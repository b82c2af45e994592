#pragma once
// A flag for every row of the parameter table.

#include <map>
#include <string>

#include "base/result.h"
#include "engine/params.h"

namespace CLI {
class App;
}

namespace limner {

/// The texts given for flags, by parameter name. Kept as text until all are known, so that --like can be
/// overridden.
using GivenParams = std::map<std::string, std::string>;

/// Adds --guidance-rescale and its like; `given` must outlive parsing.
void add_param_flags(CLI::App& app, GivenParams& given);

/// Sets what was given.
Result<void> apply_params(const GivenParams& given, DrawingParams& params);

}  // namespace limner
