#include "jobs/budget_gauge.h"

#include <gtest/gtest.h>

#include "ledger/ledger_fixture.h"

namespace limner {
namespace {

TEST(BudgetGauge, SaysWhatIsLeftOfABudget) {
  TestLedger ledger;
  Metrics metrics;
  publish_budgets(metrics, *ledger, ledger.clock);
  EXPECT_EQ(metrics.prometheus_text().find("limner_budget_remaining{"), std::string::npos) << "there is none";

  ledger.tenant.limits.budget_micros = 5'000'000;
  ASSERT_TRUE(ledger->tenants().update(ledger.tenant));
  Job job = ledger.job();
  job.reserved_micros = 1'500'000;
  ASSERT_TRUE(ledger->jobs().accept(job, std::nullopt));
  const std::string series = "limner_budget_remaining{tenant=\"" + ledger.tenant.id + "\"} ";
  EXPECT_NE(metrics.prometheus_text().find(series + "3.5\n"), std::string::npos) << metrics.prometheus_text();

  ledger.tenant.limits.budget_micros = std::nullopt;
  ASSERT_TRUE(ledger->tenants().update(ledger.tenant));
  EXPECT_NE(metrics.prometheus_text().find(series + "+Inf\n"), std::string::npos)
      << metrics.prometheus_text();
}

}  // namespace
}  // namespace limner
