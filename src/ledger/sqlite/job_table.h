#pragma once
// Jobs in SQLite. What takes more than a statement lies in job_accept, job_lease, job_end and job_search.

#include "ledger/jobs.h"
#include "ledger/sqlite/audit_appender.h"
#include "ledger/sqlite/database.h"

namespace limner::sqlite {

class SqliteJobTable final : public JobTable {
 public:
  SqliteJobTable(Database& database, AuditAppender& audit) : database_(database), audit_(audit) {}
  Result<Accepted> accept(const Job& job, const std::optional<Idempotency>& idempotency) override;
  Result<std::optional<Job>> find_repeated(const Idempotency& idempotency, TimeUs now) override;
  Result<Job> find(std::string_view id) override;
  Result<JobPage> search(const JobQuery& query) override;
  Result<std::vector<Job>> queued(std::string_view after_id, int limit) override;
  Result<int> position(const Job& job) override;
  Result<std::vector<QueueDepth>> depths() override;
  Result<Job> begin(std::string_view id, std::string_view owner, TimeUs lease_until, TimeUs now) override;
  Result<void> advance(std::string_view id, std::string_view owner, JobState state,
                       std::span<const KeptStage> kept, int64_t engine_us) override;
  Result<void> renew_leases(std::string_view owner, TimeUs lease_until) override;
  Result<void> release(std::string_view id, std::string_view owner, int64_t engine_us) override;
  Result<std::vector<Job>> reclaim(TimeUs now, std::string_view owner_gone) override;
  Result<std::vector<std::string>> lease_owners() override;
  Result<Job> end(const JobEnd& end) override;
  Result<void> request_cancel(std::string_view id) override;
  Result<Job> requeue(std::string_view id, int64_t reserved_micros, TimeUs now, TimeUs deadline) override;
  Result<void> clear_kept(std::string_view id) override;
  Result<std::vector<Job>> ended_with_kept(TimeUs before, int limit) override;

 private:
  Database& database_;
  AuditAppender& audit_;
};

}  // namespace limner::sqlite
