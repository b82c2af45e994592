// Deaths, full disks, stores that are away, models that cannot be loaded.

#include <atomic>

#include "jobs/worker_fixture.h"

namespace limner {
namespace {

Error away() { return {Code::unavailable, "store", "is away", ""}; }

class WorkerFaults : public WorkerFixture {
 protected:
  /// Every put of a picture fails.
  void no_pictures() {
    set_fault([](std::string_view operation, std::string_view key) -> std::optional<Error> {
      if (operation == "put" && key.starts_with("pictures/")) return away();
      return std::nullopt;
    });
  }
  /// A request that draws over a picture of its own.
  Json over_a_picture(const std::string& prompt) {
    const std::string file = drawn_alone(small_request("below " + prompt, 1));
    Json request = small_request(prompt, 2);
    request["init"] = uploads->keep(ledger.tenant.id, "picture", "a.png", file, "image", 0).value().id;
    return request;
  }
  double steps_made() { return metric("limner_steps_total", {"model"}, {"limner-tiny"}); }
};

TEST_F(WorkerFaults, ADeadWorkersJobGoesOnFromItsLatents) {
  config.keep_after_seconds = 0;
  config.store_patience_seconds = kPatienceSeconds;
  no_pictures();
  start_worker();
  const Json request = small_request("a phoenix", 8);
  const Job job = submit(request);
  ASSERT_TRUE(eventually([&] { return !now(job).kept.empty(); }));
  worker.reset();
  ASSERT_FALSE(has_ended(now(job).state));
  ASSERT_EQ(steps_made(), 8);
  set_fault({});
  config.owner = "second";
  start_worker();
  ASSERT_EQ(ended(job).state, JobState::stored);
  EXPECT_EQ(steps_made(), 8);
  EXPECT_EQ(only_picture(job), drawn_alone(request));
  EXPECT_EQ(now(job).attempts, 2);
  EXPECT_EQ(usage_rows(job), 1);
  EXPECT_TRUE(eventually([&] { return now(job).kept.empty(); }));
}

TEST_F(WorkerFaults, ADeadWorkersJobIsDrawnAgainIfNothingWasKept) {
  start_worker();
  const Json request = small_request("a snail", 100);
  const Job job = submit(request);
  ASSERT_TRUE(eventually([&] { return worker->progress(job.id).step > 0; }));
  worker.reset();
  EXPECT_EQ(now(job).state, JobState::drawing);
  config.owner = "second";
  start_worker();
  EXPECT_EQ(ended(job).state, JobState::stored);
  EXPECT_EQ(only_picture(job), drawn_alone(request));
}

TEST_F(WorkerFaults, AJobThatKillsItsWorkersIsGivenUp) {
  config.attempts_max = 2;
  const Job job = submit(small_request("a bomb"));
  for (const char* owner : {"dead", "dead too"}) {
    ASSERT_TRUE(ledger->jobs().begin(job.id, owner, clock.now(), clock.now()));
    ASSERT_TRUE(ledger->jobs().reclaim(clock.now(), owner));
  }
  start_worker();
  const Job end = ended(job);
  EXPECT_EQ(end.state, JobState::failed);
  EXPECT_EQ(end.error.kind, "infrastructure");
  EXPECT_EQ(end.error.message, "was begun 2 times and never ended");
}

TEST_F(WorkerFaults, AStoreThatIsAwayForAWhileCostsNothing) {
  std::atomic<int> failures = 3;
  set_fault([&](std::string_view operation, std::string_view key) -> std::optional<Error> {
    if (operation == "put" && key.starts_with("pictures/") && failures-- > 0) return away();
    return std::nullopt;
  });
  start_worker();
  const Json request = small_request("a patient ox");
  const Job job = ended(submit(request));
  ASSERT_EQ(job.state, JobState::stored) << job.error.message;
  EXPECT_LE(failures, 0);
  EXPECT_EQ(only_picture(job), drawn_alone(request));
  EXPECT_GE(metric("limner_infrastructure_errors_total", {"stage"}, {"keep"}), 3);
}

TEST_F(WorkerFaults, AStoreThatStaysAwayFailsTheJobAndARetryGoesOnFromItsLatents) {
  config.keep_after_seconds = 0;
  config.store_patience_seconds = 0;
  no_pictures();
  start_worker();
  const Json request = small_request("a lost letter", 5);
  const Job failed = ended(submit(request));
  ASSERT_EQ(failed.state, JobState::failed);
  EXPECT_EQ(failed.error.kind, "infrastructure");
  EXPECT_EQ(failed.error.code, "unavailable");
  EXPECT_EQ(ledger->usage().of_job(failed.id).value().cost_micros, 0);
  set_fault({});
  worker->submitted(ledger->jobs().requeue(failed.id, 0, clock.now(), 0).value());
  const Job stored = ended(failed);
  ASSERT_EQ(stored.state, JobState::stored) << stored.error.message;
  EXPECT_EQ(steps_made(), 5);
  EXPECT_EQ(only_picture(stored), drawn_alone(request));
  EXPECT_GT(stored.engine_us, failed.engine_us);
  EXPECT_EQ(usage_rows(stored), 1);
}

TEST_F(WorkerFaults, WhatIsDrawnOverIsWaitedForAndKeepsNobodyWaiting) {
  std::atomic<bool> is_away = true;
  std::atomic<int> asked = 0;
  const Json over = over_a_picture("an ox over an ox"), fine = over_a_picture("an ox over another");
  const std::string missing = over["init"];
  set_fault([&, missing](std::string_view operation, std::string_view key) -> std::optional<Error> {
    if (operation != "get" || key.find(missing) == key.npos) return std::nullopt;
    ++asked;
    return is_away ? std::optional(away()) : std::nullopt;
  });
  start_worker();
  const Job waits = submit(over);
  ASSERT_TRUE(eventually([&] { return asked > 0; }));
  EXPECT_EQ(ended(submit(fine)).state, JobState::stored);
  ASSERT_TRUE(eventually([&] { return asked > 2; }));
  EXPECT_FALSE(has_ended(now(waits).state));
  is_away = false;
  EXPECT_EQ(ended(waits).state, JobState::stored);
}

TEST_F(WorkerFaults, WhatIsDrawnOverIsNotWaitedForForEver) {
  config.input_patience_seconds = 0;
  const Json over = over_a_picture("an ox over nothing");
  set_fault([](std::string_view operation, std::string_view) -> std::optional<Error> {
    return operation == "get" ? std::optional(away()) : std::nullopt;
  });
  start_worker();
  const Job failed = ended(submit(over));
  ASSERT_EQ(failed.state, JobState::failed);
  EXPECT_EQ(failed.error.kind, "infrastructure");
}

TEST_F(WorkerFaults, LatentsThatAreDamagedAreDrawnAgain) {
  config.keep_after_seconds = 0;
  config.store_patience_seconds = 0;
  no_pictures();
  start_worker();
  const Json request = small_request("a torn map", 5);
  const Job failed = ended(submit(request));
  ASSERT_EQ(failed.kept.size(), 1u);
  set_fault({});
  const std::string damaged(failed.kept[0].bytes, 'x');
  ASSERT_TRUE(store->put(failed.kept[0].key, as_bytes(damaged), "application/octet-stream"));
  worker->submitted(ledger->jobs().requeue(failed.id, 0, clock.now(), 0).value());
  ASSERT_EQ(ended(failed).state, JobState::stored);
  EXPECT_EQ(steps_made(), 10);
  EXPECT_EQ(only_picture(failed), drawn_alone(request));
}

TEST_F(WorkerFaults, NoObjectStaysOfAJobThatFailed) {
  config.store_patience_seconds = 0;
  std::atomic<int> puts = 0;
  set_fault([&](std::string_view operation, std::string_view key) -> std::optional<Error> {
    if (operation == "put" && key.starts_with("pictures/") && ++puts == 2) return away();
    return std::nullopt;
  });
  start_worker();
  Json request = small_request("two halves");
  request["count"] = 2;
  const Job job = ended(submit(request));
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_TRUE(eventually([&] {
    int objects = 0;
    EXPECT_TRUE(store->inner().list("pictures/", [&](const ObjectInfo&) { return ++objects; }));
    return objects == 0;
  }));
}

/// A second model, "broken", whose weights are not those that were configured.
class BrokenModel : public WorkerFaults {
 protected:
  void add_broken(const std::string& fallback) {
    ModelEntry broken = models[0];
    broken.name = "broken";
    broken.sha256 = std::string(64, 'a');
    broken.fallback = fallback;
    models.push_back(broken);
  }
};

TEST_F(BrokenModel, FailsItsJobs) {
  add_broken("");
  start_worker();
  Json request = small_request("a cracked vase");
  request["model"] = "broken";
  const Job job = ended(submit(request));
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_EQ(job.error.kind, "model") << job.error.message;
  // Counted after the job's end is in the ledger.
  EXPECT_TRUE(eventually([&] { return metric("limner_model_errors_total", {"model"}, {"broken"}) >= 1; }));
}

TEST_F(BrokenModel, IsReplacedByItsFallback) {
  add_broken("limner-tiny");
  start_worker();
  Json request = small_request("a whole vase");
  request["model"] = "broken";
  const Job job = ended(submit(request));
  ASSERT_EQ(job.state, JobState::stored) << job.error.message;
  EXPECT_TRUE(job.drawn_by.starts_with("limner-tiny@")) << job.drawn_by;
  EXPECT_EQ(job.model, "broken");
  EXPECT_EQ(only_picture(job), drawn_alone(small_request("a whole vase")));
}

}  // namespace
}  // namespace limner
