#pragma once
// What handlers work with: references to the parts that `limner serve` is wired from.

#include <atomic>
#include <functional>
#include <string>

#include "api/live_previews.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "jobs/job_service.h"
#include "jobs/review_desk.h"
#include "jobs/uploads.h"
#include "jobs/worker.h"
#include "ledger/ledger.h"
#include "meter/prices.h"
#include "observe/slo.h"
#include "registry/catalogue.h"
#include "registry/model_pool.h"
#include "store/store.h"
#include "store/url_signer.h"

namespace limner {

class VerificationDesk;

/// What clients are told about this server.
struct ServiceConfig {
  std::string public_url;          ///< "https://pictures.example.org"; empty: the request's Host
  int picture_url_seconds = 3600;  ///< how long signed URLs of pictures are good for
  int upload_days = 30;            ///< uploads are kept this long
  int inline_picture_hours = 24;   ///< pictures that came inside a request
  double repeat_seconds = 600;     ///< within this, a client's automatic retry is the same request
  bool metrics_open = true;        ///< /metrics answers anybody; else only admins
};

struct Services {
  const ServiceConfig& config;
  Ledger& ledger;
  Store& store;
  JobService& jobs;
  UploadKeeper& uploads;
  Worker& worker;
  Catalogue& catalogue;
  ModelPool& pool;
  const PriceTable& prices;
  UrlSigner& signer;
  SloTracker& slo;
  const Clock& clock;
  Log& log;
  Metrics& metrics;
  LivePreviews& previews;
  std::atomic<bool>& draining;
  ReviewDesk& reviews;
  VerificationDesk* verification = nullptr;  ///< says where pictures come from; null: nobody here does
};

}  // namespace limner
