#include "jobs/budget_gauge.h"

#include <limits>
#include <memory>
#include <set>
#include <string>

#include "meter/prices.h"

namespace limner {
namespace {

constexpr size_t kGaugesMax = 100;

struct BudgetGauges {
  MetricFamily<Gauge>& remaining;
  std::set<std::string> shown;
};

Result<void> refresh_budgets(BudgetGauges& gauges, Ledger& ledger, TimeUs now) {
  const std::vector<Tenant> tenants = TRY(ledger.tenants().list());
  for (const Tenant& tenant : tenants) {
    const std::optional<int64_t>& budget = tenant.limits.budget_micros;
    if (!gauges.shown.contains(tenant.id) && (!budget || gauges.shown.size() >= kGaugesMax)) continue;
    gauges.shown.insert(tenant.id);
    double left = std::numeric_limits<double>::infinity();
    if (budget) {
      const Spending spending = TRY(ledger.usage().spending_of_tenant(tenant.id, now));
      left = static_cast<double>(*budget - spending.spent_micros - spending.reserved_micros) / kMicrosPerUnit;
    }
    gauges.remaining.with({tenant.id}).set(left);
  }
  return {};
}

}  // namespace

void publish_budgets(Metrics& metrics, Ledger& ledger, const Clock& clock) {
  const auto gauges = std::make_shared<BudgetGauges>(BudgetGauges{
      metrics.gauge("limner_budget_remaining",
                    "What tenants may still spend this month, in the currency; what is set aside for jobs "
                    "is spent.",
                    {"tenant"}),
      {}});
  // A ledger that does not answer now leaves them as they were: other metrics say that it does not.
  metrics.before_scrape(
      [gauges, &ledger, &clock] { static_cast<void>(refresh_budgets(*gauges, ledger, clock.now())); });
}

}  // namespace limner
