#pragma once
// Human review as reviewers and requesters see it: what waits, what it looks like, decisions, contradictions.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/caller.h"
#include "jobs/containment.h"
#include "jobs/events.h"
#include "jobs/job_service.h"
#include "ledger/ledger.h"
#include "store/store.h"

namespace limner {

struct ReviewLimits {
  int hourly_max = 400;  ///< decisions of one reviewer: nobody looks well at more
};

/// A picture as a reviewer gets it.
struct ReviewedPicture {
  std::string bytes, media_type;
  bool clear = false;
};

/// Thread-safe. Reviewers work for the operator and see jobs of all tenants.
class ReviewDesk {
 public:
  ReviewDesk(const ReviewLimits& limits, Ledger& ledger, Store& store, UploadKeeper& uploads,
             JobService& jobs, const Containment& containment, EventHub& events, const Clock& clock, Log& log)
      : limits_(limits),
        ledger_(ledger),
        store_(store),
        uploads_(uploads),
        jobs_(jobs),
        containment_(containment),
        events_(events),
        clock_(clock),
        log_(log) {}

  Result<std::vector<Review>> list(const ReviewQuery& query) { return ledger_.reviews().list(query); }
  Result<Review> find(std::string_view id);
  /// The picture under review: so blurred that what it shows is hardly to be recognised, or, if `clear`, as
  /// it is, which the audit log then says. `not_found` where a prompt is under review.
  Result<ReviewedPicture> picture(const Caller& reviewer, std::string_view id, bool clear);
  /// ReviewTable::decide(). A job whose prompt and inputs, and previews that ended it, are all approved goes
  /// into the queue, with the rights and limits of its key; where those do not allow it, its requester can
  /// retry it. `conflict` with field "incident" for an approval of what an incident stops.
  Result<Reviewed> decide(const Caller& reviewer, std::string_view id, Ruling ruling,
                          std::string_view reason);
  /// The requester of a job contradicts what a policy or a reviewer said of it.
  Result<std::vector<Review>> appeal(const Caller& caller, std::string_view job, std::string_view text);

 private:
  Result<ReviewedPicture> read(const Review& review);
  Result<void> check_may_approve(const Review& review, const Job& job) const;
  void resume(const Job& job);

  ReviewLimits limits_;
  Ledger& ledger_;
  Store& store_;
  UploadKeeper& uploads_;
  JobService& jobs_;
  const Containment& containment_;
  EventHub& events_;
  const Clock& clock_;
  Log& log_;
};

}  // namespace limner
