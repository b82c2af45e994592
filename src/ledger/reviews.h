#pragma once
// Human review: what waits for a person, and what persons decided.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/audit_event.h"
#include "base/clock.h"
#include "base/result.h"
#include "ledger/jobs.h"
#include "ledger/verdicts.h"

namespace limner {

/// Why a person is to look. The numbers are in the ledger: never renumber.
enum class ReviewCause : uint8_t {
  held = 0,    ///< a policy held it
  sample = 1,  ///< it passed; a look whether rightly
  appeal = 2   ///< its requester contradicts
};
const char* review_cause_name(ReviewCause cause);
Result<ReviewCause> review_cause_from_name(std::string_view name);

/// What a reviewer says. The numbers are in the ledger: never renumber.
enum class Ruling : uint8_t {
  approve = 0,
  refuse = 1,
  escalate = 2  ///< somebody else is to decide
};
const char* ruling_name(Ruling ruling);
Result<Ruling> ruling_from_name(std::string_view name);

struct ReviewDecision {
  AuditParty by;
  Ruling ruling = Ruling::refuse;
  std::string reason;
  TimeUs at = 0;
};

/// One text or picture that waits, or waited, for a person.
struct Review {
  std::string id;  ///< "rev_..."
  ReviewCause cause = ReviewCause::held;
  std::string tenant;
  VerdictRow verdict;  ///< what is reviewed; its standing is the one before the review
  std::string appeal;  ///< the requester's words
  int wanted = 1;      ///< reviewers who must agree
  bool escalated = false;
  TimeUs created = 0;
  TimeUs decided = 0;  ///< 0: open
  Standing outcome = Standing::held;
  std::vector<ReviewDecision> decisions;
};

struct ReviewQuery {
  bool open = true;  ///< only those that wait; else only those decided
  std::string tenant, job;
  std::optional<ReviewCause> cause;
  std::optional<bool> escalated;
  bool by_risk = false;  ///< highest risk first; else oldest first
  int offset = 0;
  int limit = 50;  ///< 1 to 500
};

/// How often reviewers agree, where two decided the same.
struct ReviewAgreement {
  int pairs = 0;
  int agreed = 0;
  double kappa = 0;  ///< Cohen 1960, "A coefficient of agreement for nominal scales"; 0 without pairs
};

/// What came of a decision.
struct Reviewed {
  Review review;
  Job job;  ///< as it is now; its state may have changed
};

using WebhookBody = std::function<std::string(const Job& job, const std::vector<PictureRow>& pictures)>;

class ReviewTable {
 public:
  virtual ~ReviewTable() = default;

  /// What policies said of a job, in the order in which it was said.
  virtual Result<std::vector<VerdictRow>> verdicts(std::string_view job) = 0;
  /// Whether persons approved this text or picture of a job.
  virtual Result<bool> approved(std::string_view job, VerdictStage stage, std::string_view subject) = 0;

  virtual Result<Review> find(std::string_view id) = 0;
  virtual Result<std::vector<Review>> list(const ReviewQuery& query) = 0;
  /// One reviewer's decision, in the audit log. With the last that is wanted, and if they agree, the review
  /// is decided: a picture passes or is refused, and its job is stored or refused once none of its pictures
  /// is held; a job whose prompt or input is refused is refused, one whose prompt or input is approved can be
  /// put back into the queue. Reviewers who disagree escalate: one more is wanted, and decides. `conflict` if
  /// it is decided, or this reviewer decided before; `exhausted` if they decided `hourly_max` within an hour.
  /// `webhook_body` makes what the job's webhook is told if its state changes.
  virtual Result<Reviewed> decide(std::string_view id, const ReviewDecision& decision, int hourly_max,
                                  const WebhookBody& webhook_body) = 0;
  /// The requester of a refused job contradicts; each refused text or picture waits for a person, once.
  /// `conflict` if there is nothing to contradict, or somebody did.
  virtual Result<std::vector<Review>> appeal(std::string_view job, std::string_view text,
                                             const AuditParty& by, TimeUs now) = 0;
  /// Over the first two decisions of each review that was decided in [from, to).
  virtual Result<ReviewAgreement> agreement(TimeUs from, TimeUs to) = 0;
  /// Decided reviews with their decisions, oldest first, for the calibration of policies.
  virtual Result<std::vector<Review>> decided(std::string_view after_id, int limit) = 0;
};

}  // namespace limner
