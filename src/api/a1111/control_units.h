#pragma once
// The ControlNet extension's units, as A1111's "alwayson_scripts" carries them.

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "jobs/job_request.h"

namespace limner {

struct ControlUnits {
  std::vector<ControlRequest> controls;  ///< of the units that are enabled; pictures not set
  std::vector<std::string> images;       ///< base64 or data URL, one for each
};

/// Reads "alwayson_scripts": {"ControlNet": {"args": [{enabled, image, model, weight, guidance_start,
/// guidance_end, ...}]}}. Units that are not enabled are skipped. Preprocessors ("module") and other scripts
/// that are switched on are refused by name.
Result<ControlUnits> read_control_units(const Json& scripts);

}  // namespace limner
