#pragma once
// Webhook deliveries that are still to be made.

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace limner {

struct Delivery {
  std::string id;  ///< "msg_...", the webhook-id: the same in every attempt
  std::string tenant, job, url, body;
  int attempts = 0;
  TimeUs created = 0, next_attempt = 0;
  std::string last_error;
  std::string unreadable;  ///< why url and body, which are empty then, cannot be read; empty: they can
};

class DeliveryTable {
 public:
  virtual ~DeliveryTable() = default;
  /// Due at `now`, the longest due first.
  virtual Result<std::vector<Delivery>> due(TimeUs now, int limit) = 0;
  virtual Result<void> delivered(std::string_view id, TimeUs now) = 0;
  /// Another attempt at `next_attempt`; 0: given up.
  virtual Result<void> failed(std::string_view id, std::string_view error, TimeUs next_attempt) = 0;
};

}  // namespace limner
