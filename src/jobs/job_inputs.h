#pragma once
// The files that a request names, looked at before it is taken.

#include <string>

#include "engine/engine.h"
#include "jobs/job_request.h"
#include "jobs/uploads.h"

namespace limner {

/// Whether every picture is there and is this tenant's, and how large what is drawn over will be, outpainting
/// included. Errors name the field.
Result<InputSizes> look_at_pictures(UploadKeeper& uploads, const std::string& tenant,
                                    const JobRequest& request);

}  // namespace limner
