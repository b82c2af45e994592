#pragma once
// What has to be done from time to time, by one process.

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "jobs/webhook.h"
#include "jobs/webhook_sender.h"
#include "ledger/ledger.h"
#include "net/http_client.h"
#include "store/store.h"

namespace limner {

struct HousekeeperConfig {
  /// Objects that no live row points to are deleted when they are older than this: younger ones may belong to
  /// a job that is being ended right now.
  double orphan_seconds = 3600;
  double sweep_seconds = 300;          ///< between sweeps of the store for orphans
  double kept_stage_seconds = 86'400;  ///< kept stages of failed jobs, for retry
  bool webhooks_allow_private = false;
  double webhook_timeout_seconds = 15;
};

/// One round of each duty; called by a thread of `limner serve`, and by tests with their own clock. A duty
/// that fails is logged, counted and tried again at its next turn. For one thread.
class Housekeeper {
 public:
  Housekeeper(const HousekeeperConfig& config, Ledger& ledger, Store& store, HttpClient& http,
              const Clock& clock, Log& log, Metrics& metrics);
  /// Sends due webhooks (Standard Webhooks, https://www.standardwebhooks.com): how many were tried.
  int deliver_webhooks();
  /// Deletes what is beyond its tenant's retention: row first, then object.
  int apply_retention();
  /// Deletes objects that no live row points to: how many. Pictures of a job that is still being drawn have
  /// no row yet: of tenants that have such jobs nothing is deleted that is younger than the oldest of them.
  int sweep_orphans();
  /// Deletes kept stages of ended jobs.
  int drop_kept_stages();
  using Stop = std::function<bool()>;
  /// Of retention and the sweep, what is due at this moment. `stop` is asked between pieces of work, by
  /// several threads at once.
  void run_due(const Stop& stop);
  /// Webhooks that are due. Apart from run_due(), and to be called by a thread of its own: a receiver may
  /// take its time, and what else there is to do must not wait for it.
  int deliver_webhooks(const Stop& stop);

 private:
  int sweep_orphans(const Stop& stop);
  int apply_retention(const Stop& stop);
  template <class Table>
  int retire(Table& table, const Stop& stop);
  int drop_kept_stages(const Stop& stop);
  Result<void> drop_stages_of(const Job& job);
  /// Deletes an object whose row is dead already; what cannot be deleted now is an orphan.
  void remove_object(const std::string& key, const char* reason);
  void report(const char* duty, const Error& error);

  HousekeeperConfig config_;
  Ledger& ledger_;
  Store& store_;
  const Clock& clock_;
  Log& log_;
  MetricFamily<Counter>& removed_;
  MetricFamily<Counter>& errors_;
  WebhookSender webhooks_;
  TimeUs last_sweep_ = 0, last_retention_ = 0;
};

}  // namespace limner
