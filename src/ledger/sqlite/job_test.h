#pragma once
// What the tests of jobs begin with.

#include <gtest/gtest.h>

#include "ledger/ledger_fixture.h"

namespace limner {

class JobTest : public testing::Test {
 protected:
  static constexpr const char* kOwner = "host:1:x";

  Job accept(const Job& job) { return jobs().accept(job, std::nullopt).value().job; }
  Job accept() { return accept(test.job()); }
  Job begin(const Job& job) {
    return jobs().begin(job.id, kOwner, test.clock.now() + 30 * kSecondUs, test.clock.now()).value();
  }
  Result<Job> end(const Job& job, JobState state, int64_t cost_micros = 80) {
    return jobs().end(test_end(job, kOwner, state, test.clock.now(), cost_micros));
  }
  void limit(const Limits& limits) {
    test.tenant.limits = limits;
    ASSERT_TRUE(test->tenants().update(test.tenant));
  }
  Spending spending() { return test->usage().spending_of_tenant(test.tenant.id, test.clock.now()).value(); }
  void expect_consistent() {
    const std::vector<Disagreement> found = check_ledger(test.config(), {}).value();
    for (const Disagreement& each : found) ADD_FAILURE() << each.rule << ' ' << each.row << ": " << each.text;
  }
  // What a write gives back is what a reader finds.
  void expect_found(const Job& given) {
    const Job found = jobs().find(given.id).value();
    const auto facts = [](const Job& job) {
      return Json{job.tenant,
                  job.api_key,
                  job.state,
                  job.tier,
                  job.dialect,
                  job.model,
                  job.drawn_by,
                  job.prompt,
                  job.seed,
                  job.count,
                  job.request,
                  job.tags,
                  job.batch,
                  job.request_id,
                  job.traceparent,
                  job.webhook_url,
                  job.submitted,
                  job.started,
                  job.finished,
                  job.deadline,
                  job.attempts,
                  job.predicted_seconds,
                  job.reserved_micros,
                  job.cancel_requested,
                  job.lease_owner,
                  job.lease_until,
                  job.kept.size(),
                  job.engine_us,
                  job.error.code,
                  job.error.field,
                  job.error.message,
                  job.error.hint,
                  job.error.kind};
    };
    EXPECT_EQ(facts(given), facts(found));
  }
  JobTable& jobs() { return test->jobs(); }

  TestLedger test;
};

}  // namespace limner
