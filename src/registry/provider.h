#pragma once
// A model that is drawn elsewhere: a remote OpenAI-compatible endpoint behind a time-out, a retry budget and
// a circuit breaker.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/trace.h"
#include "net/http_client.h"

namespace limner {

/// [[model]] with provider = ... of the configuration.
struct ProviderConfig {
  std::string url;      ///< base, "https://host/v1"
  std::string api_key;  ///< sent as Bearer; empty: none
  std::string model;    ///< what the provider calls it
  double timeout_seconds = 120;
  double retry_budget = 0.2;    ///< retries per request, over the last hundred requests
  int breaker_failures = 5;     ///< in a row: opens
  double breaker_seconds = 30;  ///< open; then one request may try
  int concurrent_max = 4;
  std::string fallback;  ///< model that draws instead when this one cannot
  int64_t price_picture_micros = 0;
};

struct ProviderRequest {
  std::string prompt, size;  ///< "512x512"
  int count = 1;
  std::string user;  ///< an opaque, stable name of the tenant
  TraceContext trace;
  std::function<bool()> stop;
};

/// The breaker as a state machine without clock or lock of its own: time is an argument.
class CircuitBreaker {
 public:
  enum class State { closed, open, half_open };
  CircuitBreaker(int failures, TimeUs open_us);
  /// Whether a request may go out now; in half_open only one at a time may.
  bool allow(TimeUs now);
  void succeeded(TimeUs now);
  void failed(TimeUs now);
  /// A request that was allowed ended without saying anything about the provider: stopped, rate-limited.
  void abandoned() { trying_ = false; }
  State state(TimeUs now) const;

 private:
  int failures_max_;
  TimeUs open_us_;
  int failures_ = 0;
  TimeUs opened_ = 0;
  bool trying_ = false;
};

/// Thread-safe. Errors: `unavailable` (no answer, 5xx after retries, breaker open, it does not take our key
/// or know the model, an answer that makes no sense), `deadline`, `refused` (its moderation), `invalid` (it
/// refuses the request), `exhausted` (429 or too many at once here), `cancelled`. Files come back as they
/// were sent, up to 64 MiB each, and are checked to be pictures by the caller.
///
/// What is retried: no answer, 5xx and 429, within the time-out and the retry budget, after Retry-After or an
/// exponential pause. Neither prompts nor keys get into logs, nor the key into errors.
class Provider {
 public:
  Provider(std::string name, const ProviderConfig& config, HttpClient& http, const Clock& clock, Log& log,
           Metrics& metrics);
  ~Provider();
  Result<std::vector<std::string>> draw(const ProviderRequest& request);
  CircuitBreaker::State breaker() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace limner
