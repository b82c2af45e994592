#pragma once
// What is known of a job from taking it, so that whoever draws it need not find it out again.

#include "jobs/drawing/job_plan.h"
#include "jobs/job_request.h"
#include "ledger/tenants.h"
#include "ledger/verdicts.h"

namespace limner {

struct TakenJob {
  const JobRequest& request;
  const drawing::JobPlan& plan;
  const Tenant& tenant;
  const VerdictRow& verdict;  ///< on its prompt, which passed
};

}  // namespace limner
