#pragma once
// Every part that handlers work with, over an empty folder, for tests: a real ledger and store, no models, a
// worker that is not started.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "api/live_previews.h"
#include "api/services.h"
#include "net/http_client.h"

namespace limner {

class ServicesFixture {
 public:
  ServicesFixture() { EXPECT_TRUE(ledger->tenants().create(tenant).has_value()); }
  ~ServicesFixture() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    ::close(log_file);
  }
  ServicesFixture(const ServicesFixture&) = delete;
  ServicesFixture& operator=(const ServicesFixture&) = delete;

  /// A new key's text.
  std::string key(std::initializer_list<Scope> scopes, const Limits& limits = {}, TimeUs expires = 0) {
    Scopes mask = 0;
    for (const Scope scope : scopes) mask |= static_cast<Scopes>(scope);
    NewKey made = make_key(tenant.id, "test", mask, clock.now(), expires);
    made.key.limits = limits;
    EXPECT_TRUE(ledger->tenants().create_key(made.key).has_value());
    last_key = made.key;
    return made.text;
  }

  static std::filesystem::path new_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "limner-api-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    return name;
  }
  template <class T>
  static T taken(Result<T> result) {
    EXPECT_TRUE(result.has_value()) << result.error().text();
    return std::move(result).value();
  }

  std::filesystem::path folder = new_folder();
  SystemClock clock;
  int log_file = ::open((folder / "log").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  Log log{log_file, LogLevel::debug, false, clock};
  Metrics metrics;
  NoSpans spans;
  HttpClient http;
  std::unique_ptr<Ledger> ledger =
      taken(open_ledger({.path = folder / "ledger.db", .durability = Durability::process}, clock));
  std::unique_ptr<Store> store =
      taken(open_store({.url = "file:" + (folder / "store").string()}, http, clock));
  UploadKeeper uploads{*ledger, *store, UploadLimits{}, clock};
  Catalogue catalogue{CatalogueConfig{}};
  ModelPool pool{PoolConfig{.memory_bytes = 1u << 30, .threads = 1}, catalogue, clock, log, metrics};
  PriceTable prices;
  EventHub events;
  Worker worker{
      WorkerConfig{.owner = "test", .scratch = folder / "scratch"},
      Worker::Parts{
          *ledger, *store, uploads, catalogue, pool, {}, prices, events, clock, log, metrics, spans}};
  JobService jobs{
      JobServiceConfig{}, *ledger, uploads, catalogue, pool, prices, events, worker, clock, log, metrics};
  UrlSigner signer{{"a secret"}};
  SloTracker slo{{}};
  LivePreviews previews{jobs};
  ReviewDesk reviews{{}, *ledger, *store, uploads, jobs, worker.containment(), events, clock, log};
  ServiceConfig config;
  std::atomic<bool> draining = false;
  Services services{config, *ledger, *store, jobs, uploads, worker,   catalogue, pool,   prices,
                    signer, slo,     clock,  log,  metrics, previews, draining,  reviews};
  Tenant tenant{.id = "ten_00000000000000000000000000", .name = "default", .webhook_secret = "whsec_x"};
  ApiKey last_key;
};

}  // namespace limner
