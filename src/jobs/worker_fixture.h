#pragma once
// For tests: a worker over a real ledger, a store in a folder and the default model.

#include <fcntl.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/crypto.h"
#include "engine/drawing_file.h"
#include "jobs/job_request.h"
#include "jobs/picture_marker.h"
#include "jobs/worker.h"
#include "ledger/ledger_fixture.h"
#include "store/failing_store.h"

namespace limner {

/// Keeps what it is given.
class KeptSpans final : public SpanSink {
 public:
  void take(SpanRecord span) override {
    const std::lock_guard lock(mutex_);
    spans_.push_back(std::move(span));
  }
  std::vector<SpanRecord> spans() const {
    const std::lock_guard lock(mutex_);
    return spans_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<SpanRecord> spans_;
};

class WorkerFixture : public testing::Test {
 protected:
  static constexpr double kPatienceSeconds = 120;

  WorkerFixture()
      : log_descriptor_(::open("/dev/null", O_WRONLY | O_CLOEXEC)),
        log_(log_descriptor_, LogLevel::debug, false, clock) {
    ModelEntry tiny;
    tiny.name = "limner-tiny";
    tiny.path = tiny_path();
    tiny.dtype = "f32";
    models.push_back(tiny);
    Result<std::unique_ptr<Store>> local =
        open_store({.url = "file:" + (ledger.folder.path() / "store").string()}, http, clock);
    store = std::make_unique<FailingStore>(std::move(local).value(),
                                           [this](std::string_view operation, std::string_view key) {
                                             const std::lock_guard lock(fault_mutex_);
                                             return fault_ ? fault_(operation, key) : std::nullopt;
                                           });
    uploads = std::make_unique<UploadKeeper>(*ledger, *store, UploadLimits{}, clock);
    config.owner = "first";
    config.scratch = ledger.folder.path() / "scratch";
    config.profile = ledger.folder.path() / "profile.json";
    prices.standard = {.engine_second = 1'000'000, .picture = 10};
  }
  ~WorkerFixture() override {
    worker.reset();
    pool.reset();
    ::close(log_descriptor_);
  }

  static std::filesystem::path tiny_path() { return LIMNER_SOURCE_DIR "/models/limner-tiny"; }

  /// A worker that has not started; the one before is destroyed as if its process had died.
  void make_worker() {
    worker.reset();
    if (!pool) {
      catalogue = std::make_unique<Catalogue>(CatalogueConfig{models, "limner-tiny"});
      pool = std::make_unique<ModelPool>(pool_config, *catalogue, clock, log_, metrics);
    }
    worker = std::make_unique<Worker>(config, Worker::Parts{worker_ledger ? *worker_ledger : *ledger,
                                                            *store,
                                                            *uploads,
                                                            *catalogue,
                                                            *pool,
                                                            provider,
                                                            prices,
                                                            events,
                                                            clock,
                                                            log_,
                                                            metrics,
                                                            spans,
                                                            {},
                                                            {},
                                                            marker.get()});
  }
  void start_worker() {
    make_worker();
    const Result<void> started = worker->start();
    ASSERT_TRUE(started) << started.error().text();
  }

  void set_fault(FailingStore::Fault fault) {
    const std::lock_guard lock(fault_mutex_);
    fault_ = std::move(fault);
  }

  /// A durable job of the test's tenant; told to the worker, if there is one.
  Job submit(const Json& request, const std::function<void(Job&)>& change = {}) {
    Job job = ledger.job();
    job.request = request;
    if (!job.request.contains("seed") && !job.request.contains("task")) job.request["seed"] = 7;
    const Result<JobRequest> parsed = job_request_from_json(job.request);
    EXPECT_TRUE(parsed) << parsed.error().text();
    job.model = parsed->model.empty() ? "limner-tiny" : parsed->model;
    job.prompt = parsed->params.prompt;
    job.tier = parsed->tier;
    job.count = parsed->pictures();
    job.seed = parsed->params.seed.value_or(0);
    job.submitted = clock.now();
    job.reserved_micros = 1'000'000'000;
    if (change) change(job);
    Result<Accepted> accepted = ledger->jobs().accept(job, std::nullopt);
    EXPECT_TRUE(accepted) << accepted.error().text();
    if (worker) worker->submitted(accepted->job);
    return accepted->job;
  }

  Job now(const Job& job) { return ledger->jobs().find(job.id).value(); }

  /// Whether `holds` came true in time.
  bool eventually(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(kPatienceSeconds);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }

  Job ended(const Job& job) {
    EXPECT_TRUE(eventually([&] { return has_ended(now(job).state); })) << job_state_name(now(job).state);
    return now(job);
  }

  std::vector<PictureRow> pictures_of(const Job& job) { return ledger->pictures().of_job(job.id).value(); }
  std::string bytes_of(const PictureRow& row) { return store->inner().get(row.key, 64u << 20).value(); }
  std::string only_picture(const Job& job) {
    const std::vector<PictureRow> rows = pictures_of(job);
    EXPECT_EQ(rows.size(), 1u);
    return rows.empty() ? "" : bytes_of(rows[0]);
  }

  /// The file that `limner generate` writes for picture `index` of the request.
  std::string drawn_alone(const Json& request, int index = 0, const DrawingInputs& inputs = {}) {
    static const ModelPtr model = load(tiny_path(), {.dtype = "f32", .threads = 2}).value();
    Json with_seed = request;
    if (!with_seed.contains("seed")) with_seed["seed"] = 7;
    const JobRequest parsed = job_request_from_json(with_seed).value();
    const DrawingPtr drawing = open(*model, params_of_picture(parsed, index), inputs).value();
    Drawing* const one[] = {drawing.get()};
    while (!drawn(*drawing)) EXPECT_TRUE(step(one));
    const Picture picture = finish(*drawing).value();
    const auto bytes = encode_drawing(picture, file_texts(*drawing), {}).value();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  double metric(const std::string& name, const std::vector<std::string>& labels,
                const std::vector<std::string>& values) {
    return metrics.counter(name, "", labels).with(values).value();
  }

  int usage_rows(const Job& job) {
    UsageQuery query;
    query.by = {"job"};
    const std::vector<UsageSum> sums = ledger->usage().sums(query).value();
    int rows = 0;
    for (const UsageSum& sum : sums)
      if (sum.group[0] == job.id) rows += static_cast<int>(sum.jobs);
    return rows;
  }

  SystemClock clock;
  TestLedger ledger;
  Ledger* worker_ledger = nullptr;  ///< what the worker gets instead of `ledger`
  HttpClient http;
  int log_descriptor_;
  Log log_;
  Metrics metrics;
  KeptSpans spans;
  EventHub events;
  PriceTable prices;
  std::vector<ModelEntry> models;
  std::function<Provider*(const std::string&)> provider = [](const std::string&) { return nullptr; };
  std::unique_ptr<FailingStore> store;
  std::unique_ptr<UploadKeeper> uploads;
  std::unique_ptr<Catalogue> catalogue;
  std::unique_ptr<ModelPool> pool;
  PoolConfig pool_config{.threads = 2};
  WorkerConfig config;
  std::unique_ptr<PictureMarker> marker;  ///< null: pictures are what `limner generate --no-sign` writes
  std::unique_ptr<Worker> worker;

 private:
  std::mutex fault_mutex_;
  FailingStore::Fault fault_;
};

/// Small enough to be drawn in a few milliseconds.
inline Json small_request(const std::string& prompt, int steps = 3) {
  return {{"prompt", prompt}, {"width", 64}, {"height", 64}, {"steps", steps}};
}

}  // namespace limner
