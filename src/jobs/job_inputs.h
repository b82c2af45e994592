#pragma once
// The files that a request names, looked at before it is taken.

#include <string>

#include "engine/engine.h"
#include "jobs/containment.h"
#include "jobs/job_request.h"
#include "jobs/uploads.h"
#include "ledger/pictures.h"

namespace limner {

/// Whether every picture is there and is this tenant's, and how large what is drawn over will be, outpainting
/// included. Errors name the field.
Result<InputSizes> look_at_pictures(UploadKeeper& uploads, const std::string& tenant,
                                    const JobRequest& request);

/// Containment::check_picture() for every drawn picture that the request draws over: what an incident
/// withholds is no input either, whenever it opened.
Result<void> check_withheld(const Containment& containment, PictureTable& pictures,
                            const JobRequest& request);

}  // namespace limner
