#pragma once
// Asks the policies of a service about the texts and pictures of jobs, and puts what they say into the
// ledger's words.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "jobs/job_request.h"
#include "ledger/verdicts.h"
#include "policy/gate.h"

namespace limner {

/// Whose job it is: what a policy's applies_to goes by.
struct PolicySubject {
  std::string tenant;  ///< its name
  Tier tier = Tier::standard;
};

/// Thread-safe. Nothing here fails: what cannot be checked is held.
class PolicyDesk {
 public:
  /// Without a book the built-in policy is for everyone.
  PolicyDesk(std::shared_ptr<const PolicyBook> book, const Clock& clock, Metrics& metrics);

  const Policy& policy_for(const PolicySubject& subject) const;
  /// All texts of a request that may reach an encoder, drawn in `steps` steps (0: not known yet).
  VerdictRow ask_prompt(const PolicySubject& subject, const JobRequest& request, int steps) const;
  /// A picture that is drawn over (input) or was drawn (output); `id` is its own.
  VerdictRow ask_picture(const PolicySubject& subject, VerdictStage stage, std::string_view id,
                         const Picture& picture) const;

 private:
  void count(const VerdictRow& verdict, TimeUs started) const;

  std::shared_ptr<const PolicyBook> book_;
  const Clock& clock_;
  MetricFamily<Counter>& verdicts_;
  MetricFamily<Histogram>& seconds_;
};

/// What the requester of a job is told that is refused, or held before it is drawn.
JobError policy_error(const VerdictRow& verdict);
/// The categories that such an error's message names as objected to; none of another message.
std::vector<std::string> categories_named(std::string_view message);
/// Why a picture that did not pass is not given out: `refused`.
Result<void> check_standing(Standing standing);

}  // namespace limner
