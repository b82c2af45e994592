#pragma once
// How often a provider may be asked again: retries must not become the load that keeps it down.

#include <array>
#include <cstddef>

namespace limner {

/// Allows `per_request` retries for each request on average, over the last hundred requests: twenty in a
/// burst where it is 0.2. Not thread-safe.
class ProviderRetryBudget {
 public:
  explicit ProviderRetryBudget(double per_request) : retries_max_(per_request * kWindow) {}
  /// A request that is not a retry. Its ticket is for take().
  size_t begin();
  /// Whether the request may be tried again; counts it if so.
  bool take(size_t ticket);

 private:
  static constexpr size_t kWindow = 100;
  double retries_max_;
  std::array<int, kWindow> retries_{};  ///< of the last requests, a ring
  size_t requests_ = 0;
  int sum_ = 0;
};

}  // namespace limner
