#include "ledger/sqlite/check_rules.h"

namespace limner::sqlite {
namespace {

// States: 4 is stored, 5 held, 6 refused; from 4 on a job has ended (ledger/jobs.h). Standings: 0 passed,
// 1 held (ledger/verdicts.h).
constexpr CheckRule kRowRules[] = {
    {"usage_row_per_ended_job",
     "SELECT id, 'has ended and has no usage row' FROM jobs WHERE state >= 4"
     " AND NOT EXISTS (SELECT 1 FROM usage WHERE usage.job = jobs.id)"},
    {"ended_job_per_usage_row",
     "SELECT job, 'has a usage row and has not ended' FROM usage JOIN jobs ON jobs.id = usage.job"
     " WHERE jobs.state < 4 AND requeued = 0"},
    {"usage_row_of_its_job",
     "SELECT job, 'its usage row has another tenant, key or time of its end' FROM usage"
     " JOIN jobs ON jobs.id = usage.job WHERE usage.tenant <> jobs.tenant OR usage.api_key <> jobs.api_key"
     " OR (jobs.state >= 4 AND usage.finished <> jobs.finished)"},
    {"engine_time_booked",
     "SELECT job, 'has ' || jobs.engine_us || ' us of engine time, of which ' || usage.engine_us || ' are "
     "booked'"
     " FROM usage JOIN jobs ON jobs.id = usage.job WHERE jobs.state >= 4 AND usage.engine_us <> "
     "jobs.engine_us"},
    {"pictures_of_stored_job",
     "SELECT id, 'is stored with ' || (SELECT count(*) FROM pictures WHERE job = jobs.id) || ' pictures of '"
     " || count FROM jobs WHERE state = 4 AND count <> (SELECT count(*) FROM pictures WHERE job = jobs.id)"},
    {"picture_belongs_to_stored_job",
     "SELECT pictures.id, 'belongs to the job ' || job || ', which is neither stored nor held nor refused'"
     " FROM pictures JOIN jobs ON jobs.id = job WHERE state NOT IN (4, 5, 6)"},
    {"standing_of_drawn_job",
     "SELECT jobs.id, 'its state and the standing of its pictures contradict each other' FROM jobs"
     " JOIN pictures ON job = jobs.id GROUP BY jobs.id HAVING state IN (4, 5, 6) AND state <>"
     " CASE WHEN max(standing = 1) THEN 5 WHEN min(standing) = 0 THEN 4 ELSE 6 END"},
    {"held_waits_for_somebody",
     "SELECT id, 'is held, and nobody is asked' FROM jobs WHERE state = 5 AND NOT EXISTS (SELECT 1 FROM "
     "reviews"
     " WHERE job = jobs.id AND (decided = 0 OR (outcome = 0 AND stage < 2)))"},
    // Jobs of before there were policies have no verdicts at all.
    {"picture_has_verdict",
     "SELECT id, 'was kept, and no policy was asked about it' FROM pictures WHERE NOT EXISTS"
     " (SELECT 1 FROM verdicts WHERE stage = 2 AND subject = pictures.id AND job = pictures.job)"
     " AND (standing <> 0 OR EXISTS (SELECT 1 FROM verdicts WHERE job = pictures.job))"},
    {"picture_has_tenant_of_its_job",
     "SELECT pictures.id, 'belongs to another tenant than its job ' || job FROM pictures"
     " JOIN jobs ON jobs.id = job WHERE pictures.tenant <> jobs.tenant"},
    {"usage_sums_up_pictures",
     "SELECT usage.job, 'its usage row says pictures, pixels, bytes stored ' || usage.pictures || ', '"
     " || pixels || ', ' || bytes_stored || '; its pictures say ' || count(p.id) || ', '"
     " || ifnull(sum(p.width * p.height), 0) || ', ' || ifnull(sum(p.bytes), 0)"
     " FROM usage LEFT JOIN pictures p ON p.job = usage.job GROUP BY usage.job"
     " HAVING usage.pictures <> count(p.id) OR pixels <> ifnull(sum(p.width * p.height), 0)"
     " OR bytes_stored <> ifnull(sum(p.bytes), 0)"},
    {"usage_sums_up_bytes_sent",
     "SELECT usage.job, 'its usage row says ' || usage.bytes_sent || ' bytes sent; its pictures say '"
     " || ifnull(sum(p.bytes_sent), 0) FROM usage LEFT JOIN pictures p ON p.job = usage.job GROUP BY "
     "usage.job"
     " HAVING usage.bytes_sent <> ifnull(sum(p.bytes_sent), 0)"},
    {"usage_sums_up_charges",
     "SELECT usage.job, 'cost ' || usage.cost_micros || '; its charges are ' || ifnull(sum(c.cost_micros), 0)"
     " FROM usage LEFT JOIN charges c ON c.job = usage.job GROUP BY usage.job"
     " HAVING usage.cost_micros <> ifnull(sum(c.cost_micros), 0)"},
    {"spending_is_the_sum_of_charges",
     "SELECT subject, 'spent ' || sum(counted) || ' in ' || month || '; charges are ' || sum(charged) FROM"
     " (SELECT subject, month, spent AS counted, 0 AS charged FROM spending"
     "  UNION ALL SELECT tenant, month, 0, charges.cost_micros FROM charges JOIN usage USING (job)"
     "  UNION ALL SELECT api_key, month, 0, charges.cost_micros FROM charges JOIN usage USING (job))"
     " GROUP BY subject, month HAVING sum(counted) <> sum(charged)"},
    {"open_work_is_the_sum_of_open_jobs",
     "SELECT subject, 'has ' || sum(jobs) || ' open jobs and ' || sum(reserved) || ' reserved; its jobs say '"
     " || sum(found) || ' and ' || sum(held) FROM"
     " (SELECT subject, jobs, reserved, 0 AS found, 0 AS held FROM open_work"
     "  UNION ALL SELECT tenant, 0, 0, 1, reserved FROM jobs WHERE state < 4"
     "  UNION ALL SELECT api_key, 0, 0, 1, reserved FROM jobs WHERE state < 4)"
     " GROUP BY subject HAVING sum(jobs) <> sum(found) OR sum(reserved) <> sum(held)"},
    {"pictures_of_day_are_counted",
     "WITH counted AS (SELECT tenant, api_key, counted_day AS day, CASE WHEN state < 4 THEN count"
     "  ELSE (SELECT count(*) FROM pictures WHERE job = jobs.id) END AS pictures FROM jobs)"
     " SELECT subject, 'has ' || sum(count) || ' pictures on day ' || day || '; its jobs say ' || sum(found) "
     "FROM"
     " (SELECT subject, day, count, 0 AS found FROM pictures_of_day"
     "  UNION ALL SELECT tenant, day, 0, pictures FROM counted"
     "  UNION ALL SELECT api_key, day, 0, pictures FROM counted)"
     " GROUP BY subject, day HAVING sum(count) <> sum(found)"},
    {"reservation_of_open_job",
     "SELECT id, 'has ended and holds ' || reserved || ' reserved' FROM jobs"
     " WHERE state >= 4 AND reserved <> 0"},
    {"lease_of_job_in_work",
     "SELECT id, 'its lease and its state contradict each other' FROM jobs"
     " WHERE (lease_owner IS NOT NULL) <> (state BETWEEN 1 AND 3)"},
    {"error_of_failed_job",
     "SELECT id, 'has failed and says no reason' FROM jobs"
     " WHERE state = 7 AND error IS NULL"},
    {"key_of_the_jobs_tenant",
     "SELECT jobs.id, 'was made with a key of another tenant' FROM jobs"
     " JOIN api_keys ON api_keys.id = api_key WHERE api_keys.tenant <> jobs.tenant"},
    {"batch_counts_its_lines",
     "SELECT batches.id, 'says ' || total || ' lines, ' || completed || ' completed, ' || failed"
     " || ' failed; its lines say ' || count(line) || ', ' || count(CASE WHEN status BETWEEN 200 AND 299 "
     "THEN 1 END)"
     " || ', ' || count(CASE WHEN status <> 0 AND status NOT BETWEEN 200 AND 299 THEN 1 END)"
     " FROM batches LEFT JOIN batch_items ON batch = batches.id GROUP BY batches.id"
     " HAVING total <> count(line) OR completed <> count(CASE WHEN status BETWEEN 200 AND 299 THEN 1 END)"
     " OR failed <> count(CASE WHEN status <> 0 AND status NOT BETWEEN 200 AND 299 THEN 1 END)"}};

// Kept stages of ended jobs are being cleared away: object first, then row.
constexpr CheckRule kObjectRules[] = {
    {"picture_object_exists", "SELECT id, key, bytes FROM pictures WHERE deleted = 0"},
    {"upload_object_exists", "SELECT id, key, bytes FROM uploads WHERE deleted = 0"},
    {"kept_stage_object_exists",
     "SELECT job, key, kept_stages.bytes FROM kept_stages JOIN jobs ON jobs.id = job"
     " WHERE state < 4"}};

}  // namespace

std::span<const CheckRule> row_rules() { return kRowRules; }

std::span<const CheckRule> object_rules() { return kObjectRules; }

}  // namespace limner::sqlite
