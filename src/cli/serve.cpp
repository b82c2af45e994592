// limner serve: the only place that wires the service's parts together.

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <map>
#include <memory>
#include <thread>

#include "api/batch_runner.h"
#include "api/http_server.h"
#include "api/live_previews.h"
#include "api/verification_desk.h"
#include "base/crypto.h"
#include "base/folder_lock.h"
#include "base/ids.h"
#include "base/memory.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/printable.h"
#include "cli/server_store.h"
#include "cli/stop_signals.h"
#include "cli/weight_master_keys.h"
#include "jobs/budget_gauge.h"
#include "jobs/housekeeper.h"
#include "jobs/picture_marker.h"
#include "net/http_client.h"
#include "observe/otlp_exporter.h"
#include "observe/process_metrics.h"
#include "observe/slo.h"
#include "registry/provider.h"
#include "store/faulty_file_calls.h"
#include "store/file_calls.h"
#include "store/spill_store.h"
#include "store/url_signer.h"

namespace limner {
namespace {

LogLevel level_of(const std::string& word) {
  if (word == "debug") return LogLevel::debug;
  if (word == "warning") return LogLevel::warning;
  if (word == "error") return LogLevel::error;
  return LogLevel::info;
}

Result<void> make_folder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    return Error{Code::unavailable, path.string(), "cannot be made: " + error.message(), "--data DIR"};
  // Prompts and pictures of tenants: nobody else's business.
  std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  return {};
}

// An object store that can be away gets a local disk to fall back on; a local folder is one.
Result<std::unique_ptr<Store>> make_store(const ServeConfig& config, HttpClient& http, const Clock& clock,
                                          Log& log, Metrics& metrics, SpillStore** spill) {
  std::unique_ptr<Store> store = TRY(open_store(config.store, http, clock));
  if (store->kind() == "local") return store;
  StoreConfig waiting = config.store;
  waiting.url = "file:" + (config.data / "spilled").string();
  std::unique_ptr<Store> local = TRY(open_store(waiting, http, clock));
  auto both = std::make_unique<SpillStore>(std::move(store), std::move(local), clock, log, metrics);
  *spill = both.get();
  return std::unique_ptr<Store>(std::move(both));
}

Result<std::string> signing_secret(Ledger& ledger) {
  const Json kept = TRY(ledger.settings().get_or_set("url_signing_secret", to_base64(random_bytes(32))));
  return kept.get<std::string>();
}

// The first start of a server makes a key, since nobody could make one through it.
Result<void> make_first_key(Ledger& ledger, const Clock& clock) {
  const std::vector<Tenant> tenants = TRY(ledger.tenants().list());
  if (!tenants.empty()) return {};
  Tenant tenant;
  tenant.id = new_id("ten");
  tenant.name = "default";
  tenant.created = clock.now();
  const Tenant made = TRY(ledger.tenants().create(tenant));
  const NewKey key = make_key(made.id, "first", static_cast<Scopes>(Scope::admin), clock.now(), 0);
  TRY(ledger.tenants().create_key(key.key));
  fmt::print(stderr, "limner: this is a new server; its admin key, shown once: {}\n", key.text);
  return {};
}

// With what this server runs; settings as a digest, for they may hold secrets.
Result<void> record_start(Ledger& ledger, ServeConfig& config, const Catalogue& catalogue) {
  Json models = Json::array();
  for (const ModelEntry& entry : catalogue.list()) models.push_back(entry.name);
  const size_t count = models.size();
  AuditEvent event{"server.start", {}, {"server", ""}};
  event.details = {{"version", kVersion},
                   {"build", kBuild},
                   {"settings_sha256", to_hex(sha256_bytes(json_text(serve_config_json(config), kOneLine)))},
                   {"models", count},
                   {"models_sha256", to_hex(sha256_bytes(json_text(models, kOneLine)))}};
  TRY(ledger.audit().record(event));
  return {};
}

std::vector<SloObjective> objectives() { return {{"realtime", 0.99}, {"standard", 0.99}, {"batch", 0.95}}; }

// Jobs that were refused, cancelled or wrong by themselves say nothing of how well we serve.
void record_outcome(SloTracker& slo, const SchedulerConfig& scheduler, const Job& job) {
  const bool ours = job.state == JobState::stored || job.state == JobState::expired ||
                    (job.state == JobState::failed && job.error.kind != "request");
  if (!ours) return;
  const double target = scheduler.targets[static_cast<int>(job.tier)];
  const bool in_time =
      static_cast<double>(job.finished - job.submitted) <= target * static_cast<double>(kSecondUs);
  slo.record(tier_name(job.tier), job.state == JobState::stored && in_time, job.finished);
}

// NAME=VALUE,NAME=VALUE, as OTEL_EXPORTER_OTLP_HEADERS has them.
Result<Headers> parse_otlp_headers(std::string_view text) {
  Headers headers;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string_view::npos)
      return invalid("telemetry.otlp_headers", "is not NAME=VALUE,NAME=VALUE");
    headers.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return headers;
}

Result<void> apply_paused_tiers(Ledger& ledger, Worker& worker) {
  const std::optional<Json> paused = TRY(ledger.settings().get("paused_tiers"));
  if (!paused) return {};
  for (const Json& name : *paused)
    if (const Result<Tier> tier = tier_from_name(name.get<std::string>()))
      worker.set_paused(static_cast<TierNumber>(*tier), true);
  return {};
}

/// Calls a duty again and again until it is destroyed.
class DutyThread {
 public:
  using Stop = std::function<bool()>;

  explicit DutyThread(std::function<void(const Stop&)> duty)
      : thread_([duty = std::move(duty)](const std::stop_token& stop) {
          const Stop stopped = [&stop] { return stop.stop_requested(); };
          while (!stopped()) {
            duty(stopped);
            std::mutex mutex;
            std::unique_lock lock(mutex);
            std::condition_variable_any().wait_for(lock, stop, kPause, [] { return false; });
          }
        }) {}

 private:
  static constexpr std::chrono::milliseconds kPause{200};

  std::jthread thread_;
};

/// The duties of the house, on threads of their own where one waits for strangers: neither a receiver of
/// webhooks that says nothing nor an object store that is away keeps batches waiting.
class Housekeeping {
 public:
  Housekeeping(Housekeeper& keeper, Ledger& ledger, SpillStore* spill, BatchRunner& batches, Log& log)
      : webhooks_([&keeper](const auto& stop) { keeper.deliver_webhooks(stop); }),
        batches_([&batches](const auto& stop) { batches.run_due(stop); }),
        rest_([&keeper, &ledger, spill, &log](const auto& stop) {
          keeper.run_due(stop);
          if (Result<void> flushed = ledger.flush(); !flushed)
            log.warning("ledger_flush_failed", {{"error", flushed.error().text()}});
          if (spill) static_cast<void>(spill->drain());
        }) {}

 private:
  DutyThread webhooks_, batches_, rest_;
};

struct ServeOptions {
  ServeFlags flags;
  std::string role = "all";
};

class Serve {
 public:
  explicit Serve(ServeConfig config)
      : config_(std::move(config)),
        log_(STDERR_FILENO, level_of(config_.log_level), config_.log_prompts, clock_),
        catalogue_(config_.catalogue) {}

  Result<int> run() {
    // Before any thread is made: threads inherit what is blocked, and only the one that waits gets the
    // signal.
    StopSignals signals;
    TRY(prepare_data());
    TRY(open_parts());
    TRY(apply_paused_tiers(*ledger_, *worker_));
    TRY(worker_->start());
    pool_->start();
    Housekeeping housekeeping(*housekeeper_, *ledger_, spill_, *batches_, log_);
    TRY(server_->start());
    announce();
    signals.wait();
    return drain();
  }

 private:
  Result<void> prepare_data() {
    TRY(make_folder(config_.data));
    lock_.emplace(TRY(lock_folder(config_.data)));
    TRY(make_scratch());
    open_weights_with(config_.master_key);
    if (config_.ledger.durability == Durability::process) config_.store.file_calls = &unsynced_;
    if (const char* faults = std::getenv("LIMNER_FAULTS")) {
      faults_ = TRY(parse_faults(faults));
      config_.store.file_calls = faults_.get();
    }
    const size_t free_bytes = available_memory_bytes();
    if (config_.pool.memory_bytes == 0) config_.pool.memory_bytes = free_bytes / 4 * 3;
    if (config_.jobs.admission.memory_bytes == 0) config_.jobs.admission.memory_bytes = free_bytes;
    return {};
  }

  Result<void> make_scratch() {
    // What lies there is of a server before this one, or of before there was a master key.
    std::error_code error;
    for (const std::filesystem::path& old : {config_.data / "scratch", config_.worker.scratch})
      if (std::filesystem::remove_all(old, error); error)
        return Error{Code::unavailable, old.string(), "cannot be deleted: " + error.message(), {}};
    if (config_.master_key.empty()) return make_folder(config_.worker.scratch);
    // Anew, so that it is nobody else's.
    if (::mkdir(config_.worker.scratch.c_str(), 0700) == 0) return {};
    return Error{Code::unavailable, config_.worker.scratch.string(),
                 fmt::format("cannot be made: {}", std::strerror(errno)),
                 "with encryption.master_key, uploaded LoRAs are kept in memory there"};
  }

  Result<void> open_parts() {
    TRY(open_signals());
    master_keys_ = TRY(read_master_keys(config_, clock_));
    config_.ledger.text_keys = master_keys_.get();
    ledger_ = TRY(open_ledger(config_.ledger, clock_));
    TRY(make_first_key(*ledger_, clock_));
    config_.store.stop = [this] { return stopping_.load(); };
    TRY(record_start(*ledger_, config_, catalogue_));
    tenant_keys_ = TRY(open_tenant_keys(master_keys_.get(), *ledger_));
    store_ = decrypting(TRY(make_store(config_, http_, clock_, log_, metrics_, &spill_)), tenant_keys_.get());
    const std::string secret = TRY(signing_secret(*ledger_));
    signer_ = std::make_unique<UrlSigner>(std::vector<std::string>{secret});
    uploads_ = std::make_unique<UploadKeeper>(*ledger_, *store_, config_.uploads, clock_);
    pool_ = std::make_unique<ModelPool>(config_.pool, catalogue_, clock_, log_, metrics_);
    for (const ModelEntry& entry : catalogue_.list())
      if (entry.provider)
        providers_[entry.name] =
            std::make_unique<Provider>(entry.name, *entry.provider, http_, clock_, log_, metrics_);
    slo_.publish(metrics_, clock_);
    publish_budgets(metrics_, *ledger_, clock_);
    if (!config_.policy_folder.empty())
      policies_ = std::make_shared<const PolicyBook>(TRY(PolicyBook::read(config_.policy_folder)));
    TimeStamping stamping = TRY(time_stamping_of(config_.marking.time_stamp, http_, clock_,
                                                 [this](const Error* error) { count_stamp(error); }));
    marker_ = TRY(PictureMarker::open(config_.marking, clock_.now(), std::move(stamping)));
    TRY(record_keys());
    tracer_ = std::make_unique<PictureTracer>(PictureTracer::Parts{TRY(known_anchors(config_.marking)),
                                                                   TRY(known_watermark_keys(config_.marking)),
                                                                   ledger_.get(), clock_});
    desk_ = std::make_unique<VerificationDesk>(config_.verification, *tracer_, clock_);
    make_worker();
    make_services();
    return {};
  }

  // Which keys this server works with from now on. The log's own is in the log by itself.
  Result<void> record_keys() {
    AuditEvent event{"keys.use", {}, {"server", ""}, marker_->keys()};
    if (tenant_keys_) event.details["master_key"] = TRY(MasterKeys::read(config_.master_key)).id();
    TRY(ledger_->audit().record(event));
    return {};
  }

  void count_stamp(const Error* error) {
    metrics_
        .counter("limner_time_stamps_total", "Signatures of pictures by whether an authority stamped them.",
                 {"outcome"})
        .with({error ? "failed" : "stamped"})
        .add();
    if (error) log_.warning("time_stamp_failed", {{"error", error->text()}});
  }

  Result<void> open_signals() {
    add_process_metrics(metrics_);
    if (config_.otlp_endpoint.empty()) {
      spans_ = std::make_unique<NoSpans>();
      return {};
    }
    OtlpConfig otlp;
    otlp.endpoint = TRY(parse_url(config_.otlp_endpoint, "telemetry.otlp_endpoint"));
    otlp.headers = TRY(parse_otlp_headers(config_.otlp_headers));
    otlp.resource = {{"service.name", "limner"}, {"service.version", kVersion}};
    spans_ = std::make_unique<OtlpExporter>(std::move(otlp), http_, metrics_, log_);
    return {};
  }

  void make_worker() {
    config_.worker.owner = fmt::format("{}:{}", getpid(), new_id("own"));
    const auto provider = [this](const std::string& model) -> Provider* {
      const auto found = providers_.find(model);
      return found == providers_.end() ? nullptr : found->second.get();
    };
    worker_ = std::make_unique<Worker>(
        config_.worker,
        Worker::Parts{*ledger_, *store_, *uploads_, catalogue_, *pool_, provider, config_.prices, events_,
                      clock_, log_, metrics_, *spans_,
                      [this](const Job& job) { record_outcome(slo_, config_.worker.scheduler, job); },
                      policies_, marker_.get()});
    jobs_ = std::make_unique<JobService>(config_.jobs, *ledger_, *uploads_, catalogue_, *pool_,
                                         config_.prices, events_, *worker_, clock_, log_, metrics_);
    reviews_ = std::make_unique<ReviewDesk>(config_.review, *ledger_, *store_, *uploads_, *jobs_,
                                            worker_->containment(), events_, clock_, log_);
    housekeeper_ =
        std::make_unique<Housekeeper>(config_.housekeeping, *ledger_, *store_, http_, clock_, log_, metrics_);
  }

  void make_services() {
    previews_ = std::make_unique<LivePreviews>(*jobs_);
    services_ = std::make_unique<Services>(Services{
        config_.service, *ledger_, *store_, *jobs_, *uploads_, *worker_, catalogue_, *pool_, config_.prices,
        *signer_, slo_, clock_, log_, metrics_, *previews_, draining_, *reviews_, desk_.get()});
    batches_ = std::make_unique<BatchRunner>(*services_);
    server_ = std::make_unique<HttpServer>(config_.http, *services_, *spans_);
  }

  void announce() {
    const char* scheme = config_.http.tls_key.empty() ? "http" : "https";
    fmt::print("{}://{}:{}\n", scheme, config_.http.address, server_->port());
    std::fflush(stdout);
    log_.info("serving", {{"version", kVersion}, {"build", kBuild}, {"port", server_->port()}});
  }

  // New requests are refused, what is being drawn is finished or put aside, and answers that wait for it are
  // given.
  Result<int> drain() {
    log_.info("draining", {{"seconds", config_.drain_seconds}});
    draining_ = true;
    worker_->drain(config_.drain_seconds);
    server_->drain(5);
    // In this order: a picture that the store did not take for our sake is no failure of its job.
    worker_->stop();
    stopping_ = true;
    TRY(ledger_->flush());
    if (const auto told = ledger_->audit().record({"server.stop", {}, {"server", ""}}); !told)
      log_.warning("stop_not_recorded", {{"error", told.error().text()}});
    log_.info("stopped");
    return 0;
  }

  ServeConfig config_;
  SystemClock clock_;
  Log log_;
  Metrics metrics_;
  HttpClient http_;
  EventHub events_;
  SloTracker slo_{objectives()};
  Catalogue catalogue_;
  std::atomic<bool> draining_ = false, stopping_ = false;
  std::optional<FolderLock> lock_;
  UnsyncedFileCalls unsynced_;
  std::unique_ptr<FileCalls> faults_;
  std::unique_ptr<SpanSink> spans_;
  std::unique_ptr<MasterKeyFile> master_keys_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<TenantKeys> tenant_keys_;
  SpillStore* spill_ = nullptr;  ///< part of store_, where it has one
  std::unique_ptr<Store> store_;
  std::unique_ptr<UrlSigner> signer_;
  std::unique_ptr<UploadKeeper> uploads_;
  std::unique_ptr<ModelPool> pool_;
  std::map<std::string, std::unique_ptr<Provider>> providers_;
  std::shared_ptr<const PolicyBook> policies_;
  std::unique_ptr<PictureMarker> marker_;
  std::unique_ptr<PictureTracer> tracer_;
  std::unique_ptr<VerificationDesk> desk_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<JobService> jobs_;
  std::unique_ptr<ReviewDesk> reviews_;
  std::unique_ptr<Housekeeper> housekeeper_;
  std::unique_ptr<LivePreviews> previews_;
  std::unique_ptr<Services> services_;
  std::unique_ptr<BatchRunner> batches_;
  std::unique_ptr<HttpServer> server_;
};

Result<void> read_trusted_signers(ServeConfig& config) {
  if (!config.trusted_signers.empty())
    config.catalogue.signatures.trust = TRY(read_model_trust(config.trusted_signers));
  return {};
}

Result<int> serve(const ServeOptions& options) {
  if (options.role != "all")
    return unsupported(
        "role",
        fmt::format("\"{}\" needs a ledger that several processes share, which this build has not; "
                    "one process serves all roles",
                    options.role.substr(0, 40)),
        "leave --role away");
  ServeConfig config = TRY(read_serve_config(options.flags));
  TRY(read_trusted_signers(config));
  return Serve(std::move(config)).run();
}

}  // namespace

void add_serve(CLI::App& app, CommandSlot& slot) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = app.add_subcommand("serve", "Serve pictures over HTTP; prints the URL");
  command->add_option("--config", options->flags.config,
                      "TOML file; `limner config show` lists the settings");
  command->add_option("--listen", options->flags.listen, "HOST:PORT (127.0.0.1:8080)");
  command->add_option("--data", options->flags.data, "Folder for ledger and pictures");
  command->add_option("--role", options->role, "all");
  command->callback([options, &slot] { slot.run = [options] { return serve(*options); }; });
}

}  // namespace limner
