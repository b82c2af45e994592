#include "registry/provider_retry_budget.h"

namespace limner {

size_t ProviderRetryBudget::begin() {
  const size_t ticket = requests_++;
  int& oldest = retries_[ticket % kWindow];
  sum_ -= oldest;
  oldest = 0;
  return ticket;
}

bool ProviderRetryBudget::take(size_t ticket) {
  if (sum_ + 1 > retries_max_) return false;
  ++retries_[ticket % kWindow];
  ++sum_;
  return true;
}

}  // namespace limner
