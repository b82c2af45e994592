#pragma once
// What happens to a picture after it was drawn. A stage is a file in this folder and a line in stages.cpp.

#include <span>

#include "jobs/drawing/drawn_picture.h"
#include "jobs/drawing/worker_context.h"

namespace limner::drawing {

struct PictureStage {
  const char* name;  ///< in spans and errors
  JobState state;    ///< of the job, while it is in this stage
  /// What fails here fails the job. May be repeated after an error. The pixels stay as they were drawn until
  /// they have been checked: marks go into the file alone.
  Result<void> (*run)(WorkerContext& context, DrawnPicture& picture);
};

/// In their order, which is this list's and nowhere else's.
std::span<const PictureStage> picture_stages();

Result<void> encode_file(WorkerContext& context, DrawnPicture& picture);
Result<void> check_picture(WorkerContext& context, DrawnPicture& picture);
Result<void> keep_file(WorkerContext& context, DrawnPicture& picture);

}  // namespace limner::drawing
