#include "jobs/job_service.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "jobs/job_test_data.h"
#include "jobs/memory_store_fixture.h"
#include "jobs/picture_keys.h"
#include "jobs/worker.h"
#include "ledger/ledger_fixture.h"

namespace limner {
namespace {

CatalogueConfig models() {
  CatalogueConfig config;
  ModelEntry tiny;
  tiny.name = "tiny";
  tiny.aliases = {"small"};
  tiny.path = LIMNER_SOURCE_DIR "/models/limner-tiny";
  ModelEntry remote;
  remote.name = "remote";
  remote.provider = ProviderConfig{.url = "https://example.org/v1", .model = "far"};
  remote.provider->price_picture_micros = 40'000;
  config.models = {tiny, remote};
  config.default_model = "tiny";
  return config;
}

JobServiceConfig limits() {
  JobServiceConfig config;
  config.pixels_max = 512 * 512;
  config.pictures_max = 10;
  config.steps_max = 100;
  config.admission.memory_bytes = size_t{64} << 30;
  return config;
}

// A service whose worker was not started: what is taken stays queued.
class JobServiceTest : public testing::Test {
 protected:
  JobServiceTest() {
    prices.standard.picture = 1000;
    caller.tenant = ledger.tenant;
    caller.key =
        make_key(ledger.tenant.id, "plain", static_cast<Scopes>(Scope::draw), ledger.clock.now(), 0).key;
    EXPECT_TRUE(ledger->tenants().create_key(caller.key));
    caller.request_id = "req_1";
  }
  JobRequest request(std::string_view text = R"({"prompt":"a red apple","size":"64x64","steps":4})") {
    return job_request_from_json(parse_json(text, "test").value()).value();
  }
  Error error_of(std::string_view text) {
    const Result<Submitted> submitted = service.submit(caller, request(text));
    EXPECT_FALSE(submitted) << text;
    return submitted ? Error{} : submitted.error();
  }
  Submitted submit() { return service.submit(caller, request()).value(); }
  std::string upload(int width, int height) {
    return uploads.keep(ledger.tenant.id, "picture", "", grey_png(width, height), "file", 0).value().id;
  }
  double refusals(const char* reason) {
    return metrics.counter("limner_admission_rejected_total", "", {"reason"}).with({reason}).value();
  }
  // Another tenant's key, or an admin's.
  Caller other(Scope scope) {
    Caller caller;
    caller.tenant = ledger.tenant;
    caller.tenant.id = new_id("ten");
    caller.tenant.name = caller.tenant.id;
    EXPECT_TRUE(ledger->tenants().create(caller.tenant));
    caller.key = make_key(caller.tenant.id, "other", static_cast<Scopes>(scope), 0, 0).key;
    EXPECT_TRUE(ledger->tenants().create_key(caller.key));
    return caller;
  }
  // The job once it is cancelled: another thread writes that.
  Job cancelled(const std::string& id) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    Job job = service.find(caller, id).value().job;
    while (job.state != JobState::cancelled && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      job = service.find(caller, id).value().job;
    }
    EXPECT_EQ(job.state, JobState::cancelled);
    return job;
  }
  // Ends a job that nobody's worker has, as another process would.
  void end_elsewhere(const std::string& id, JobState state, JobError error = {}) {
    ASSERT_TRUE(ledger->jobs().begin(id, kTestOwner, ledger.clock.now() + kDayUs, ledger.clock.now()));
    JobEnd end{
        .job = id, .owner = kTestOwner, .state = state, .error = std::move(error), .now = ledger.clock.now()};
    if (state == JobState::stored) end.pictures.push_back(picture());
    ASSERT_TRUE(ledger->jobs().end(end));
  }
  PictureRow picture() {
    PictureRow row;
    row.id = new_id("pic");
    row.sha256 = std::string(64, 'a');
    row.bytes = 1;
    row.format = "png";
    row.width = row.height = 8;
    row.key = picture_key(ledger.tenant.id, row.id, "png");
    store.put_at(row.key, "x", ledger.clock.now());
    return row;
  }

  TestLedger ledger;
  MemoryStore store{ledger.clock};
  Log log{-1, LogLevel::error, false, ledger.clock};
  Metrics metrics;
  UploadKeeper uploads{*ledger, store, UploadLimits{}, ledger.clock};
  Catalogue catalogue{models()};
  ModelPool pool{PoolConfig{.memory_bytes = size_t{1} << 30, .threads = 1}, catalogue, ledger.clock, log,
                 metrics};
  PriceTable prices;
  EventHub events;
  NoSpans spans;
  WorkerConfig worker_config{.owner = "test", .scratch = ledger.folder.path() / "scratch"};
  std::unique_ptr<Worker> worker = std::make_unique<Worker>(
      worker_config,
      Worker::Parts{*ledger, store, uploads, catalogue, pool, [](const std::string&) { return nullptr; },
                    prices, events, ledger.clock, log, metrics, spans});
  JobService service{limits(), *ledger, uploads,      catalogue, pool,   prices,
                     events,   *worker, ledger.clock, log,       metrics};
  Caller caller;
};

// --- what is taken

TEST_F(JobServiceTest, AJobIsDurableWithAllThatIsKnownOfIt) {
  caller.trace = new_trace();
  const Submitted first =
      service
          .submit(caller, request(R"({"prompt":"p","model":"small","size":"64x64","count":3,
      "tags":["a"],"tier":"batch","deadline_seconds":86400})"))
          .value();
  EXPECT_FALSE(first.replayed);
  const Job job = ledger->jobs().find(first.job.id).value();
  EXPECT_EQ(job.state, JobState::queued);
  EXPECT_EQ(job.tenant, ledger.tenant.id);
  EXPECT_EQ(job.api_key, caller.key.id);
  EXPECT_EQ(job.model, "tiny");
  EXPECT_EQ(job.count, 3);
  EXPECT_EQ(job.tier, Tier::batch);
  EXPECT_EQ(job.tags, std::vector<std::string>{"a"});
  EXPECT_EQ(job.request_id, "req_1");
  EXPECT_EQ(job.traceparent, caller.trace.traceparent());
  EXPECT_EQ(job.deadline, job.submitted + kDayUs);
  EXPECT_GE(job.reserved_micros, 3000);
  EXPECT_GT(job.predicted_seconds, 0);
  // The seed was chosen, and it is in the request: who draws this again draws the same.
  EXPECT_EQ(job_request_from_json(job.request).value().params.seed, job.seed);
}

TEST_F(JobServiceTest, SeedsAreKeptOrChosenAnew) {
  EXPECT_EQ(service.submit(caller, request(R"({"prompt":"p","size":"64x64","seed":7})")).value().job.seed,
            7u);
  EXPECT_NE(submit().job.seed, submit().job.seed);
}

TEST_F(JobServiceTest, TheNextInLineIsToldItsPlace) {
  EXPECT_EQ(submit().position, 0);
  const Submitted second = submit();
  EXPECT_EQ(second.position, 1);
  EXPECT_EQ(service.find(caller, second.job.id).value().position, 1);
}

// --- what is refused

TEST_F(JobServiceTest, WhatCannotBeDrawnIsRefusedByName) {
  const std::tuple<const char*, const char*, Code> cases[] = {
      {R"({"prompt":"p","model":"nobody"})", "model", Code::not_found},
      {R"({"prompt":"p","model":"../../etc"})", "model", Code::not_found},
      {R"({"prompt":"p","loras":["nobody"]})", "loras", Code::not_found},
      {R"({"prompt":"p","embeddings":["nobody"]})", "embeddings", Code::not_found},
      {R"({"prompt":"p","vae":"nobody"})", "vae", Code::not_found},
      {R"({"prompt":"p","upscaler":"nobody"})", "upscaler", Code::not_found},
      {R"({"prompt":"p","hires_scale":2,"hires_upscaler":"nobody"})", "hires_upscaler", Code::not_found},
      {R"({"prompt":"p","hires_upscaler":"/etc/passwd"})", "hires_upscaler", Code::invalid},
      {R"({"prompt":"p","loras":["file_01arz3ndektsv4rrffq69g5fav"]})", "loras", Code::not_found},
      {R"({"prompt":"p","init":"file_01arz3ndektsv4rrffq69g5fav"})", "init", Code::not_found},
      {R"({"prompt":"p","init":"pic_01arz3ndektsv4rrffq69g5fav"})", "init", Code::not_found},
      {R"({"prompt":"p","size":"65x64"})", "width", Code::invalid},
      {R"({"prompt":"p","sampler":"nobody"})", "sampler", Code::invalid},
      {R"({"prompt":"p","strength":0.5})", "strength", Code::invalid},
      {R"({"prompt":"p","size":"520x520"})", "size", Code::too_large},
      {R"({"prompt":"p","size":"320x320","hires_scale":2})", "size", Code::too_large},
      {R"({"prompt":"p","size":"64x64","count":11})", "count", Code::invalid},
      {R"({"prompt":"p","size":"64x64","frames":11,"blend_seed":1})", "frames", Code::invalid},
      {R"({"prompt":"p","size":"64x64","steps":101})", "steps", Code::invalid},
      {R"({"prompt":"p","size":"64x64","webhook_url":"http://127.0.0.1/x"})", "webhook_url", Code::forbidden},
      {R"({"prompt":"p","size":"64x64","webhook_url":"http://[::1]/x"})", "webhook_url", Code::forbidden},
      {R"({"prompt":"p","size":"64x64","webhook_url":"http://localhost/x"})", "webhook_url", Code::forbidden},
  };
  for (const auto& [text, field, code] : cases) {
    const Error error = error_of(text);
    EXPECT_EQ(error.field, field) << text << ": " << error.text();
    EXPECT_EQ(error.code, code) << text << ": " << error.text();
  }
  EXPECT_EQ(ledger->jobs().depths().value()[1].jobs, 0);
  EXPECT_GT(refusals("not_found"), 0);
  EXPECT_EQ(refusals("too_large"), 2);
}

TEST_F(JobServiceTest, ARequestThatADialectFilledInIsHeldAgainstTheTableToo) {
  JobRequest wrong = request();
  wrong.quality = 1000;
  EXPECT_EQ(service.submit(caller, wrong).error().field, "quality");
  wrong = request();
  wrong.tags = {"a", "a"};
  EXPECT_EQ(service.submit(caller, wrong).error().field, "tags[1]");
}

TEST_F(JobServiceTest, LimitsOfKeyAndTenantForbid) {
  caller.key.limits.models = {"remote"};
  EXPECT_EQ(service.submit(caller, request()).error().field, "model");
  EXPECT_EQ(service.submit(caller, request()).error().code, Code::forbidden);
  caller.key.limits.models = {"small"};  // an alias of it
  EXPECT_TRUE(service.submit(caller, request()));
  caller.tenant.limits.tiers = {"batch"};
  EXPECT_EQ(service.submit(caller, request()).error().field, "tier");
  caller.tenant.limits.tiers = {};
  caller.tenant.limits.pixels_max = 64 * 64 - 1;
  EXPECT_EQ(service.submit(caller, request()).error().field, "size");
  EXPECT_EQ(service.submit(caller, request()).error().code, Code::forbidden);
  EXPECT_EQ(refusals("forbidden"), 5);
}

TEST_F(JobServiceTest, PicturesMustFit) {
  const std::string init = upload(64, 64), small = upload(32, 64);
  EXPECT_TRUE(service.submit(caller, request(R"({"prompt":"p","init":")" + init + R"("})")));
  EXPECT_EQ(error_of(R"({"prompt":"p","init":")" + init + R"(","mask":")" + small + R"("})").field, "mask");
  const Submitted wide =
      service.submit(caller, request(R"({"prompt":"p","init":")" + init + R"(","outpaint":"64,0,0,0"})"))
          .value();
  EXPECT_EQ(wide.job.state, JobState::queued);
}

TEST_F(JobServiceTest, WhatCannotFitIntoMemoryIsTooLarge) {
  JobServiceConfig config = limits();
  config.admission.memory_bytes = 1 << 20;
  JobService poor(config, *ledger, uploads, catalogue, pool, prices, events, *worker, ledger.clock, log,
                  metrics);
  EXPECT_EQ(poor.submit(caller, request()).error().code, Code::too_large);
}

// What is there does for one picture of a job, and four are drawn at once.
TEST_F(JobServiceTest, WhatCannotFitAtOnceIsTooLarge) {
  const ModelCard card = catalogue.card(catalogue.find("tiny").value()).value();
  const JobRequest one = request();
  JobServiceConfig config = limits();
  config.admission.memory_bytes =
      card.weight_bytes + predict_cost(card, params_of_picture(one, 0), {})->memory_bytes;
  JobService tight(config, *ledger, uploads, catalogue, pool, prices, events, *worker, ledger.clock, log,
                   metrics);
  EXPECT_TRUE(tight.submit(caller, one));
  const Result<Submitted> four =
      tight.submit(caller, request(R"({"prompt":"a red apple","size":"64x64","steps":4,"count":4})"));
  ASSERT_FALSE(four);
  EXPECT_EQ(four.error().code, Code::too_large);
}

TEST_F(JobServiceTest, WhileDrainingClientsAreToldWhenToComeBack) {
  worker->drain(0);
  const Result<Submitted> refused = service.submit(caller, request());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_GE(JobService::retry_after(refused.error()).value_or(0), 1);
  EXPECT_EQ(refusals("unavailable"), 1);
}

TEST_F(JobServiceTest, RetryAfterReadsOnlyItsOwnHints) {
  const auto after = [](Code code, const char* field, const char* hint) {
    return JobService::retry_after(Error{code, field, "x", hint});
  };
  EXPECT_EQ(after(Code::exhausted, "", "retry after 12 s"), 12);
  EXPECT_EQ(after(Code::unavailable, "", "the queue is long: retry after 2.5 s"), 2.5);
  EXPECT_EQ(after(Code::exhausted, "concurrent_jobs", ""), 1);
  EXPECT_FALSE(after(Code::exhausted, "budget_micros", "the next month begins at 2026-02-01"));
  EXPECT_FALSE(after(Code::exhausted, "", "retry after lunch"));
  EXPECT_FALSE(after(Code::exhausted, "", "retry after 7"));
  EXPECT_FALSE(after(Code::invalid, "", "retry after 12 s"));
}

// --- money

TEST_F(JobServiceTest, TheMostAJobMayCostIsSetAside) {
  Tenant tenant = ledger.tenant;
  tenant.limits.budget_micros = 2500;
  ASSERT_TRUE(ledger->tenants().update(tenant));
  EXPECT_TRUE(service.submit(caller, request()));
  EXPECT_TRUE(service.submit(caller, request()));
  const Result<Submitted> third = service.submit(caller, request());
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Code::exhausted);
  EXPECT_EQ(third.error().field, "budget_micros");
  EXPECT_FALSE(JobService::retry_after(third.error()));
  EXPECT_EQ(refusals("budget_micros"), 1);
}

TEST_F(JobServiceTest, EngineTimeAndBytesAreSetAsideTwice) {
  prices.standard = {};
  prices.standard.engine_second = 1'000'000;
  const Submitted submitted = submit();
  EXPECT_NEAR(static_cast<double>(submitted.job.reserved_micros), 2e6 * submitted.job.predicted_seconds, 2);
}

// --- remote models

TEST_F(JobServiceTest, ARemoteModelIsToldPromptSizeAndCount) {
  const Submitted submitted =
      service
          .submit(caller,
                  request(R"({"prompt":"p","model":"remote","n":3,"size":"256x256","format":"webp"})"))
          .value();
  EXPECT_EQ(submitted.job.model, "remote");
  EXPECT_GE(submitted.job.reserved_micros, 3 * 40'000);
  for (const char* more : {R"("steps":5)", R"("seed":1)", R"("negative":"n")", R"("guidance":3)",
                           R"("tile":"x")", R"("loras":["a"])", R"("dtype":"f32")", R"("preview_every":1)"}) {
    const Error error = error_of(R"({"prompt":"p","model":"remote",)" + std::string(more) + "}");
    EXPECT_EQ(error.code, Code::unsupported) << more << error.text();
    EXPECT_NE(std::string(more).find(error.field), std::string::npos) << more << error.text();
  }
  EXPECT_EQ(error_of(R"({"prompt":"p","model":"remote","width":256})").field, "size");
}

/// An upscaler "double" in the model folder, before the catalogue looks there.
class FolderWithAnUpscaler {
 protected:
  FolderWithAnUpscaler() {
    std::filesystem::create_directories(model_folder.path() / "upscalers");
    write_doubling_upscaler(model_folder.path() / "upscalers" / "double.safetensors");
    setenv("LIMNER_MODELS", model_folder.path().c_str(), 1);
  }
  ~FolderWithAnUpscaler() { unsetenv("LIMNER_MODELS"); }
  LedgerFolder model_folder;
};

class JobServiceWithAnUpscaler : protected FolderWithAnUpscaler, public JobServiceTest {};

TEST_F(JobServiceWithAnUpscaler, PicturesMayGrowAsLargeAsTheirUpscalerMakesThem) {
  const auto taken = [&](const std::string& json) { return service.submit(caller, request(json)); };
  EXPECT_TRUE(taken(R"({"prompt":"p","size":"256x256","upscaler":"double"})"));
  const auto refused = taken(R"({"prompt":"p","size":"256x264","upscaler":"double"})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "size");
  EXPECT_TRUE(refused.error().message.starts_with("270336 pixels")) << refused.error().text();
  const std::string small = upload(256, 256), large = upload(257, 256);
  EXPECT_TRUE(taken(R"({"task":"upscale","upscaler":"double","init":")" + small + "\"}"));
  EXPECT_FALSE(taken(R"({"task":"upscale","upscaler":"double","init":")" + large + "\"}"));
}

// --- repeated requests

Idempotency idempotency(const char* key, bool strict = true) {
  return {
      .scope = "ten/jobs", .key = key, .fingerprint = "f", .expires = kTestTime + kDayUs, .strict = strict};
}

TEST_F(JobServiceTest, ARepeatedRequestIsItsFirstJobWhateverHappenedSince) {
  const Submitted first = service.submit(caller, request(), idempotency("k")).value();
  // By now nothing of it would be taken any more.
  caller.key.limits.models = {"remote"};
  worker->drain(0);
  const Submitted again = service.submit(caller, request(), idempotency("k")).value();
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.job.id, first.job.id);
  EXPECT_EQ(service.find_repeated(idempotency("k")).value()->job.id, first.job.id);
  EXPECT_FALSE(service.find_repeated(idempotency("other")).value());
  Idempotency differs = idempotency("k");
  differs.fingerprint = "g";
  EXPECT_EQ(service.submit(caller, request(), differs).error().code, Code::conflict);
}

TEST_F(JobServiceTest, AGuessedRepetitionOfWhatFailedByOurFaultIsTriedAnew) {
  for (const auto& [state, kind, anew] :
       {std::tuple(JobState::failed, "infrastructure", true), std::tuple(JobState::failed, "request", false),
        std::tuple(JobState::cancelled, "", true), std::tuple(JobState::stored, "", false)}) {
    const std::string key = std::string(job_state_name(state)) + kind;
    Idempotency guess = idempotency(key.c_str(), false);
    const Submitted first = service.submit(caller, request(), guess).value();
    end_elsewhere(first.job.id, state, *kind ? JobError{.code = "internal", .kind = kind} : JobError{});
    EXPECT_EQ(!service.find_repeated(guess).value(), anew) << key;
    const Submitted again = service.submit(caller, request(), guess).value();
    EXPECT_EQ(again.job.id != first.job.id, anew) << key;
    EXPECT_EQ(again.replayed, !anew) << key;
    // From now on the key stands for the job that was tried anew.
    EXPECT_EQ(service.submit(caller, request(), guess).value().job.id, again.job.id) << key;
  }
}

// A client that lost its connection has its job cancelled, within a step; its own retry may come before that.
TEST_F(JobServiceTest, AGuessedRepetitionOfWhatIsBeingCancelledIsTriedAnew) {
  const Idempotency guess = idempotency("k", false);
  const Submitted first = service.submit(caller, request(), guess).value();
  ASSERT_TRUE(ledger->jobs().request_cancel(first.job.id));
  EXPECT_FALSE(service.find_repeated(guess).value());
  EXPECT_NE(service.submit(caller, request(), guess).value().job.id, first.job.id);
}

// A key stands for a drawing: whoever lost the connection asks for it, whoever cancelled it knows.
TEST_F(JobServiceTest, ARepetitionOfWhatWasGivenUpIsTriedAnew) {
  for (const bool strict : {true, false}) {
    const Idempotency key = idempotency(strict ? "strict" : "guess", strict);
    const std::string first = service.submit(caller, request(), key).value().job.id;
    ASSERT_TRUE(service.join(first));
    service.hang_up(caller, first);
    EXPECT_FALSE(service.find_repeated(key).value()) << "its end may not be written yet";
    const Job gone = cancelled(first);
    EXPECT_EQ(gone.error.field, "connection");
    EXPECT_FALSE(service.find_repeated(key).value());
    const Submitted second = service.submit(caller, request(), key).value();
    EXPECT_NE(second.job.id, first);
    EXPECT_FALSE(second.replayed);
    EXPECT_EQ(service.submit(caller, request(), key).value().job.id, second.job.id);
  }
  const std::string known = service.submit(caller, request(), idempotency("known")).value().job.id;
  ASSERT_TRUE(service.cancel(caller, known));
  cancelled(known);
  EXPECT_EQ(service.submit(caller, request(), idempotency("known")).value().job.id, known);
}

TEST_F(JobServiceTest, OneOfTwoWhoWaitMayHangUp) {
  const std::string id = submit().job.id;
  ASSERT_TRUE(service.join(id));
  ASSERT_TRUE(service.join(id));
  service.hang_up(caller, id);
  EXPECT_EQ(service.find(caller, id).value().job.state, JobState::queued);
  EXPECT_TRUE(service.join(id));
  service.let_go(id);
  service.hang_up(caller, id);
  EXPECT_EQ(cancelled(id).error.field, "connection");
}

TEST_F(JobServiceTest, WhatIsGivenUpIsJoinedByNobody) {
  Requesters requesters;
  ASSERT_TRUE(requesters.join("a"));
  EXPECT_FALSE(requesters.given_up("a"));
  EXPECT_TRUE(requesters.hang_up("a"));
  EXPECT_TRUE(requesters.given_up("a"));
  EXPECT_FALSE(requesters.join("a"));
  EXPECT_FALSE(requesters.hang_up("a"));
  requesters.settle("a");
  EXPECT_FALSE(requesters.given_up("a"));
  EXPECT_TRUE(requesters.join("a"));
  requesters.leave("a");
  EXPECT_FALSE(requesters.hang_up("a"));
}

TEST_F(JobServiceTest, RepetitionsThatComeTogetherAreOneJob) {
  std::vector<std::string> ids(8);
  {
    std::vector<std::jthread> threads;
    for (std::string& id : ids)
      threads.emplace_back([&] { id = service.submit(caller, request(), idempotency("k")).value().job.id; });
  }
  for (const std::string& id : ids) EXPECT_EQ(id, ids[0]);
}

// --- who sees what

TEST_F(JobServiceTest, OthersJobsAreNotThere) {
  const std::string id = submit().job.id;
  const Caller stranger = other(Scope::draw), admin = other(Scope::admin);
  EXPECT_EQ(service.find(stranger, id).error().code, Code::not_found);
  EXPECT_EQ(service.cancel(stranger, id).error().code, Code::not_found);
  EXPECT_EQ(service.retry(stranger, id).error().code, Code::not_found);
  EXPECT_EQ(service.listen(stranger, id, [](const JobEvent&) {}).error().code, Code::not_found);
  EXPECT_EQ(service.when_ended(stranger, id, [](const JobView&) {}).error().code, Code::not_found);
  EXPECT_EQ(service.find(caller, "job_'; DROP TABLE jobs").error().code, Code::not_found);
  EXPECT_EQ(service.find(admin, id).value().job.id, id);
  EXPECT_EQ(service.search(stranger, {.tenant = ledger.tenant.id}).value().jobs.size(), 0u);
  EXPECT_EQ(service.search(admin, {}).value().jobs.size(), 1u);
  EXPECT_EQ(service.search(caller, {}).value().jobs.size(), 1u);
}

TEST_F(JobServiceTest, PicturesAreSeenAndDeletedByTheirOwner) {
  const std::string id = submit().job.id;
  end_elsewhere(id, JobState::stored);
  const JobView view = service.find(caller, id).value();
  ASSERT_EQ(view.pictures.size(), 1u);
  ASSERT_TRUE(view.usage);
  const PictureRow row = view.pictures[0];
  const Caller stranger = other(Scope::draw);
  EXPECT_EQ(service.find_picture(stranger, row.id).error().code, Code::not_found);
  EXPECT_EQ(service.delete_picture(stranger, row.id).error().code, Code::not_found);
  EXPECT_EQ(service.find_picture(caller, row.id).value().key, row.key);
  EXPECT_TRUE(service.delete_picture(caller, row.id));
  EXPECT_FALSE(store.has(row.key));
  EXPECT_EQ(service.find_picture(caller, row.id).error().code, Code::not_found);
  EXPECT_EQ(service.delete_picture(caller, row.id).error().code, Code::not_found);
  EXPECT_TRUE(service.find(caller, id).value().pictures.empty());
}

// --- cancelling, retrying

TEST_F(JobServiceTest, AQueuedJobThatNoWorkerKnowsIsCancelledAtOnce) {
  const Job job = ledger->jobs().accept(ledger.job(), std::nullopt).value().job;
  const JobView view = service.cancel(caller, job.id).value();
  EXPECT_EQ(view.job.state, JobState::cancelled);
  ASSERT_TRUE(view.usage);
  EXPECT_EQ(view.usage->cost_micros, 0);
  EXPECT_EQ(service.cancel(caller, job.id).error().code, Code::conflict);
}

TEST_F(JobServiceTest, AJobInWorkElsewhereIsMarked) {
  const Job job = ledger->jobs().accept(ledger.job(), std::nullopt).value().job;
  ASSERT_TRUE(ledger->jobs().begin(job.id, kTestOwner, ledger.clock.now() + kDayUs, ledger.clock.now()));
  const JobView view = service.cancel(caller, job.id).value();
  EXPECT_EQ(view.job.state, JobState::drawing);
  EXPECT_TRUE(view.job.cancel_requested);
}

TEST_F(JobServiceTest, OnlyWhatDidNotEndWellIsRetried) {
  const std::string stored = submit().job.id, failed = submit().job.id;
  EXPECT_EQ(service.retry(caller, failed).error().code, Code::conflict);
  end_elsewhere(stored, JobState::stored);
  end_elsewhere(failed, JobState::failed, JobError{.code = "internal", .kind = "model"});
  EXPECT_EQ(service.retry(caller, stored).error().code, Code::conflict);
  ledger.clock.advance(kSecondUs);
  const JobView again = service.retry(caller, failed).value();
  EXPECT_EQ(again.job.state, JobState::queued);
  EXPECT_EQ(again.job.id, failed);
  EXPECT_TRUE(again.job.error.empty());
}

TEST_F(JobServiceTest, ARetryIsHeldAgainstLimitsAgain) {
  const std::string id = submit().job.id;
  end_elsewhere(id, JobState::failed, JobError{.code = "internal", .kind = "model"});
  caller.key.limits.models = {"remote"};
  EXPECT_EQ(service.retry(caller, id).error().code, Code::forbidden);
}

// --- listening

TEST_F(JobServiceTest, WhoListensToAnEndedJobHearsOfItAtOnceAndOnce) {
  const std::string id = submit().job.id;
  end_elsewhere(id, JobState::failed, JobError{.code = "internal", .message = "m", .kind = "model"});
  std::vector<JobEvent> heard;
  const auto subscription =
      service.listen(caller, id, [&](const JobEvent& event) { heard.push_back(event); }).value();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].type, "finished");
  EXPECT_EQ(heard[0].data["state"], "failed");
  EXPECT_EQ(heard[0].data["error"]["code"], "internal");
  events.publish(id, heard[0]);
  EXPECT_EQ(heard.size(), 1u);
}

TEST_F(JobServiceTest, WhoWaitsIsToldOnceWithTheEndedJob) {
  const std::string id = submit().job.id;
  std::vector<JobView> told;
  const auto waiting =
      service.when_ended(caller, id, [&](const JobView& view) { told.push_back(view); }).value();
  EXPECT_TRUE(told.empty());
  end_elsewhere(id, JobState::stored);
  const JobEvent finished{"finished", {{"state", "stored"}, {"error", nullptr}}, nullptr, ""};
  events.publish(id, finished);
  events.publish(id, finished);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].job.state, JobState::stored);
  EXPECT_EQ(told[0].pictures.size(), 1u);
}

TEST_F(JobServiceTest, WhoStoppedWaitingIsNotTold) {
  const std::string id = submit().job.id;
  int told = 0;
  auto waiting = service.when_ended(caller, id, [&](const JobView&) { ++told; }).value();
  waiting.reset();
  events.publish(id, {"finished", {{"state", "stored"}}, nullptr, ""});
  EXPECT_EQ(told, 0);
  EXPECT_EQ(events.listeners(), 0u);
}

// The end may come between any two lines of when_ended(): it is told in every case, and once.
TEST_F(JobServiceTest, TheEndIsNeverMissed) {
  for (int i = 0; i < 40; ++i) {
    const std::string id = ledger->jobs().accept(ledger.job(), std::nullopt).value().job.id;
    std::atomic<int> told = 0;
    JobService::Waiting waiting;
    {
      std::jthread ending([&] {
        for (int spin = 0; spin < i * 50; ++spin) std::this_thread::yield();
        EXPECT_TRUE(service.cancel(caller, id));
      });
      waiting = service
                    .when_ended(caller, id,
                                [&](const JobView& view) {
                                  EXPECT_EQ(view.job.state, JobState::cancelled);
                                  ++told;
                                })
                    .value();
    }
    EXPECT_EQ(told, 1) << i;
  }
}

TEST_F(JobServiceTest, ThousandsMayWait) {
  const std::string id = submit().job.id;
  std::vector<JobService::Waiting> waiting;
  std::atomic<int> told = 0;
  for (int i = 0; i < 2000; ++i)
    waiting.push_back(service.when_ended(caller, id, [&](const JobView&) { ++told; }).value());
  end_elsewhere(id, JobState::stored);
  events.publish(id, {"finished", {{"state", "stored"}, {"error", nullptr}}, nullptr, ""});
  EXPECT_EQ(told, 2000);
}

}  // namespace
}  // namespace limner
