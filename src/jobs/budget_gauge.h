#pragma once
// How much of their budgets tenants have left, for Prometheus.

#include "base/clock.h"
#include "base/metrics.h"
#include "ledger/ledger.h"

namespace limner {

/// limner_budget_remaining{tenant}, read from the ledger at each scrape: of tenants with a budget, a hundred
/// of them at most. +Inf once a budget was taken away. `ledger` and `clock` outlive the last scrape.
void publish_budgets(Metrics& metrics, Ledger& ledger, const Clock& clock);

}  // namespace limner
