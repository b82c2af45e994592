#pragma once
// Everything that can be known of a request before it is drawn: whether it may, whether it can, when, for how
// much.

#include <string>

#include "jobs/caller.h"
#include "jobs/drawing/job_plan.h"
#include "jobs/job_request.h"
#include "jobs/job_service.h"
#include "schedule/admission.h"

namespace limner {

/// A request that can be taken.
struct Assessment {
  drawing::JobPlan plan;
  Admission admission;
  int sampling_steps = 0;       ///< drawing::sampling_steps()
  int64_t reserved_micros = 0;  ///< the most it may cost
  TimeUs deadline = 0;          ///< 0: none
};

/// Thread-safe.
class Assessor {
 public:
  struct Parts {
    const JobServiceConfig& config;
    UploadKeeper& uploads;
    const Catalogue& catalogue;
    ModelPool& pool;
    const PriceTable& prices;
    Worker& worker;
    const Clock& clock;
  };
  explicit Assessor(const Parts& parts) : parts_(parts) {}

  /// In this order: rights to tier and model; names of adapters; the files; the parameters against the model;
  /// sizes and steps against the server's and the caller's limits; memory and time. The files are those of
  /// `tenant`: an admin may put another's job back into the queue.
  Result<Assessment> assess(const Caller& caller, const std::string& tenant, const JobRequest& request);

 private:
  struct Measures;
  Result<Measures> measure(const std::string& tenant, const JobRequest& request, drawing::JobPlan& plan);
  Result<void> check_measures(const Caller& caller, const JobRequest& request, const Measures& measures);
  Result<Admission> admission(const Caller& caller, const JobRequest& request, const drawing::JobPlan& plan,
                              const Measures& measures, TimeUs deadline);
  int64_t reservation(const JobRequest& request, const drawing::JobPlan& plan, const Measures& measures,
                      double engine_seconds) const;
  TimeUs deadline_of(const JobRequest& request) const;

  Parts parts_;
};

/// The name that a job's rows and prices go by: the model's, or the upscaler's where there is no model.
std::string billed_model(const JobRequest& request, const drawing::JobPlan& plan);

}  // namespace limner
