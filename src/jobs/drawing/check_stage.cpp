// Verdicts on what was drawn. There are no checks yet: every picture passes.

#include "jobs/drawing/stages.h"

namespace limner::drawing {

Result<void> check_picture(WorkerContext&, DrawnPicture&) { return {}; }

}  // namespace limner::drawing
