// What policies say of a picture that was drawn. It is kept whatever they say, for those who review it; only
// what passed is given out.

#include "jobs/drawing/stages.h"

namespace limner::drawing {

Result<void> check_picture(WorkerContext& context, DrawnPicture& picture) {
  ActiveJob& job = *picture.job;
  VerdictRow verdict = context.policies.ask_picture(job.policy_subject(), VerdictStage::output,
                                                    picture.row.id, picture.pixels);
  picture.row.standing = verdict.standing;
  job.add_verdict(std::move(verdict));
  picture.pixels = {};
  return {};
}

}  // namespace limner::drawing
