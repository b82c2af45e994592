#pragma once
// Brings webhooks to those who asked for them.

#include <functional>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ledger/ledger.h"
#include "net/http_client.h"

namespace limner {

/// Several deliveries at a time, so that a receiver that answers late does not keep the others waiting. For
/// one thread.
class WebhookSender {
 public:
  struct Config {
    bool allow_private = false;  ///< the operator's own network
    double timeout_seconds = 15;
  };
  WebhookSender(const Config& config, Ledger& ledger, HttpClient& http, const Clock& clock, Log& log,
                Metrics& metrics);

  /// Sends what is due, until nothing is or `stop` says so: how many were tried. What was interrupted counts
  /// as not tried.
  Result<int> send_due(const std::function<bool()>& stop);

 private:
  /// What became of an attempt.
  struct Outcome {
    bool delivered = false;
    bool may_retry = true;
    std::string error;
  };
  bool attempt(const Delivery& delivery, const std::function<bool()>& stop);
  Result<HttpResponse> post(const Delivery& delivery, const std::function<bool()>& stop);
  static Outcome outcome_of(const Result<HttpResponse>& response);
  Result<void> record(const Delivery& delivery, const Outcome& outcome);

  Config config_;
  Ledger& ledger_;
  HttpClient& http_;
  const Clock& clock_;
  Log& log_;
  MetricFamily<Counter>& attempts_;
};

}  // namespace limner
