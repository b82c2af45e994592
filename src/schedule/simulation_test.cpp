// Traffic against a simulated engine: what the scheduler promises, shown over thousands of steps.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "schedule/simulated_engine_test.h"

namespace limner {
namespace {

constexpr uint64_t kSeeds[] = {1, 2, 3};
const StepClass kSmall{"sd", 256, 256};

TimeUs us(double seconds) { return TimeUs(seconds * double(kSecondUs)); }

DrawingEntry drawing(TierNumber tier, const std::string& tenant, const StepClass& step_class, int steps) {
  DrawingEntry entry{.tenant = tenant, .tier = tier, .step_class = step_class};
  entry.steps_left = steps;
  return entry;
}

void all_ready(SimulatedEngine& engine) {
  for (const char* model : {"sd", "xl", "flux"}) engine.scheduler().set_model_ready(model, true);
}

/// Submits `next()` at random times, `mean_seconds` apart, from now until `end`.
void poisson(SimulatedEngine& engine, std::mt19937_64& random, double mean_seconds, TimeUs end,
             const std::function<DrawingEntry()>& next) {
  std::exponential_distribution<double> gap(1 / mean_seconds);
  for (TimeUs at = engine.now() + us(gap(random)); at < end; at += us(gap(random)))
    engine.at(at, [&engine, entry = next()] { engine.submit(entry); });
}

/// As many entries of one kind as keep the engine busy until the end.
void flood(SimulatedEngine& engine, const DrawingEntry& entry, int count) {
  for (int i = 0; i < count; ++i) engine.submit(entry);
}

std::vector<double> latencies(const SimulatedEngine& engine, TierNumber tier) {
  std::vector<double> seconds;
  for (const auto& [id, drawn] : engine.drawn())
    if (drawn.entry.tier == tier && drawn.finished != 0) seconds.push_back(drawn.seconds());
  return seconds;
}

class BySeed : public testing::TestWithParam<uint64_t> {
 protected:
  std::mt19937_64 random{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Seeds, BySeed, testing::ValuesIn(kSeeds),
                         [](const auto& test) { return "seed_" + std::to_string(test.param); });

struct RealtimeRun {
  double p95 = 0, longest_step = 0, longest_wait = 0, batch_seconds = 0;
};

/// An hour of realtime requests, a tenth of the engine, with or without a batch flood.
RealtimeRun realtime_run(uint64_t seed, const StepCost& cost, const StepClass& batch_class, int steps,
                         bool with_batch) {
  std::mt19937_64 random(seed);
  SimulatedEngine engine({}, cost);
  all_ready(engine);
  const TimeUs end = us(3600);
  if (with_batch) flood(engine, drawing(kBatch, "bulk", batch_class, 20), 5000);
  poisson(engine, random, steps * cost(kSquare, 2) * 10, end,
          [&] { return drawing(kRealtime, random() % 2 ? "a" : "b", kSquare, steps); });
  engine.run_until(end);
  RealtimeRun run;
  run.p95 = percentile(latencies(engine, kRealtime), 0.95);
  run.longest_step = engine.longest_step_seconds();
  run.batch_seconds = engine.tier_seconds(kBatch);
  for (const auto& [id, drawn] : engine.drawn())
    if (drawn.entry.tier == kRealtime && drawn.first_step != 0)
      run.longest_wait = std::max(run.longest_wait, drawn.wait_seconds());
  return run;
}

TEST_P(BySeed, RealtimeIsHardlySlowerBesideASaturatingBatchLoad) {
  for (const StepCost& cost : {row_by_row(0.1), batches_pay(0.2, 0.6)})
    for (const StepClass& batch_class : {kSquare, kOther})
      for (const int steps : {4, 20, 50}) {
        const RealtimeRun alone = realtime_run(GetParam(), cost, batch_class, steps, false);
        const RealtimeRun beside = realtime_run(GetParam(), cost, batch_class, steps, true);
        EXPECT_LE(beside.p95, 1.3 * alone.p95 + beside.longest_step)
            << "seed " << GetParam() << ", " << steps << " steps, batch of " << batch_class.model;
      }
}

TEST_P(BySeed, BatchLosesNoMoreThanRealtimeTakes) {
  for (const StepCost& cost : {row_by_row(0.1), batches_pay(0.2, 0.6)}) {
    const RealtimeRun beside = realtime_run(GetParam(), cost, kOther, 20, true);
    EXPECT_GE(beside.batch_seconds, 0.85 * 3600) << "seed " << GetParam();
  }
}

TEST(Simulation, ARealtimeEntryWaitsAtMostForTheStepThatRuns) {
  SimulatedEngine engine({}, batches_pay(0.2, 0.5));
  all_ready(engine);
  flood(engine, drawing(kBatch, "bulk", kOther, 30), 2000);
  flood(engine, drawing(kStandard, "team", kSquare, 30), 2000);
  std::mt19937_64 random(7);
  // Far enough apart that no two realtime drawings meet.
  for (int i = 1; i < 100; ++i)
    engine.at(us(i * 20 + double(random() % 1000) / 1000),
              [&] { engine.submit(drawing(kRealtime, "now", kSquare, 20)); });
  engine.run_until(us(2000));
  int seen = 0;
  for (const auto& [id, drawn] : engine.drawn())
    if (drawn.entry.tier == kRealtime) {
      ++seen;
      EXPECT_LE(drawn.wait_seconds(), engine.longest_step_seconds());
    }
  EXPECT_EQ(seen, 99);
}

struct Two {
  double first, second;
};

/// What two tenants get who both always have something waiting; every `window` is held against the ratio.
void expect_shares(SimulatedEngine& engine, double ratio, double hours, double tolerance = 0.1) {
  Two before{0, 0};
  for (int window = 1; window <= int(hours * 6); ++window) {
    engine.run_until(us(600.0 * window));
    const Two now{engine.tenant_seconds("a"), engine.tenant_seconds("b")};
    EXPECT_NEAR((now.first - before.first) / (now.second - before.second), ratio, ratio * tolerance)
        << "ten minutes number " << window;
    before = now;
  }
}

TEST(Simulation, TwoTenantsShareEqually) {
  for (const StepCost& cost : {row_by_row(0.1), batches_pay(0.2, 0.6)}) {
    SimulatedEngine engine({}, cost);
    all_ready(engine);
    flood(engine, drawing(kStandard, "a", kSquare, 20), 5000);
    flood(engine, drawing(kStandard, "b", kSquare, 20), 5000);
    expect_shares(engine, 1, 1);
  }
}

TEST(Simulation, SharesFollowWeights) {
  for (const StepCost& cost : {row_by_row(0.1), batches_pay(0.2, 0.6)}) {
    SimulatedEngine engine({}, cost);
    all_ready(engine);
    DrawingEntry heavy = drawing(kStandard, "a", kSquare, 20);
    heavy.tenant_weight = 2;
    flood(engine, heavy, 5000);
    flood(engine, drawing(kStandard, "b", kSquare, 20), 5000);
    expect_shares(engine, 2, 1);
  }
}

TEST(Simulation, SubmittingAHundredTimesMoreGivesNoMore) {
  for (const StepCost& cost : {row_by_row(0.1), batches_pay(0.2, 0.6)}) {
    SimulatedEngine engine({}, cost);
    all_ready(engine);
    flood(engine, drawing(kStandard, "a", kSquare, 20), 40'000);
    flood(engine, drawing(kStandard, "b", kSquare, 20), 1);
    // Four drawings at a time for b: always something waiting, never much.
    for (double at = 1; at < 3600; at += 1)
      engine.at(us(at), [&] {
        int live = 0;
        for (auto drawn = engine.drawn().upper_bound(40'000); drawn != engine.drawn().end(); ++drawn)
          live += drawn->second.finished == 0;
        for (; live < 8; ++live) engine.submit(drawing(kStandard, "b", kSquare, 20));
      });
    expect_shares(engine, 1, 1);
  }
}

TEST(Simulation, SharesAreOfEngineTimeWhateverIsDrawn) {
  for (const StepCost& cost : {row_by_row(0.1), batches_pay(0.2, 0.6)}) {
    SimulatedEngine engine({}, cost);
    all_ready(engine);
    flood(engine, drawing(kStandard, "a", {"sd", 1024, 1024}, 50), 500);
    flood(engine, drawing(kStandard, "b", kSmall, 8), 50'000);
    expect_shares(engine, 1, 1);
  }
}

TEST(Simulation, ATenantThatWasAwaySavesNothingUp) {
  SimulatedEngine engine({}, row_by_row(0.1));
  all_ready(engine);
  flood(engine, drawing(kStandard, "a", kSquare, 20), 5000);
  engine.run_until(us(1800));
  flood(engine, drawing(kStandard, "b", kSquare, 20), 5000);
  const double before = engine.tenant_seconds("a");
  engine.run_until(us(2400));
  EXPECT_NEAR(engine.tenant_seconds("a") - before, 300, 30);
}

TEST(Simulation, ATenantWhoseModelWasLoadingSavesNothingUp) {
  SimulatedEngine engine({}, row_by_row(0.1));
  all_ready(engine);
  engine.scheduler().set_model_ready("xl", false);
  flood(engine, drawing(kStandard, "a", kSquare, 20), 5000);
  flood(engine, drawing(kStandard, "b", kOther, 20), 5000);
  engine.run_until(us(1800));
  EXPECT_EQ(engine.tenant_seconds("b"), 0);
  engine.scheduler().set_model_ready("xl", true);
  const double before = engine.tenant_seconds("a");
  engine.run_until(us(2400));
  EXPECT_NEAR(engine.tenant_seconds("a") - before, 300, 30);
}

TEST(Simulation, ManyTenantsOfManyClassesAllGetTheirShare) {
  SimulatedEngine engine({}, row_by_row(0.05));
  all_ready(engine);
  constexpr int kTenants = 40;
  for (int tenant = 0; tenant < kTenants; ++tenant)
    flood(engine, drawing(kBatch, "t" + std::to_string(tenant), {"sd", 256 + 64 * (tenant % 8), 512}, 20),
          400);
  engine.run_until(us(kTenants * 120));
  for (int tenant = 0; tenant < kTenants; ++tenant)
    EXPECT_NEAR(engine.tenant_seconds("t" + std::to_string(tenant)), 120, 12) << tenant;
  EXPECT_LE(engine.open_most(), SchedulerConfig{}.open_max);
}

TEST(Simulation, EveryTierGetsItsShareWhenAllAreSaturated) {
  for (const StepCost& cost : {row_by_row(0.1), batches_pay(0.2, 0.6)})
    for (const StepClass& batch_class : {kSquare, kOther}) {
      SimulatedEngine engine({}, cost);
      all_ready(engine);
      flood(engine, drawing(kRealtime, "a", kSquare, 20), 10'000);
      flood(engine, drawing(kStandard, "b", kSmall, 20), 30'000);
      flood(engine, drawing(kBatch, "c", batch_class, 20), 3000);
      engine.run_until(us(600));  // past realtime's leeway
      const double before[] = {engine.tier_seconds(0), engine.tier_seconds(1), engine.tier_seconds(2)};
      engine.run_until(us(1200));
      const double weights[] = {16, 4, 1};
      for (int tier = 0; tier < kTierCount; ++tier)
        EXPECT_NEAR((engine.tier_seconds(tier) - before[tier]) / 600, weights[tier] / 21,
                    weights[tier] / 21 * 0.2)
            << "tier " << tier;
    }
}

/// Preemptive earliest deadline first over the same jobs, a step at a time: whether all deadlines can be met.
bool feasible(std::vector<Drawn> jobs, double step_seconds) {
  TimeUs now = 0;
  for (;;) {
    Drawn* next = nullptr;
    TimeUs soonest = INT64_MAX;
    for (Drawn& job : jobs) {
      if (job.steps_done == job.entry.steps_left) continue;
      if (job.entry.submitted > now)
        soonest = std::min(soonest, job.entry.submitted);
      else if (next == nullptr || job.entry.deadline < next->entry.deadline)
        next = &job;
    }
    if (next == nullptr && soonest == INT64_MAX) return true;
    if (next == nullptr) {
      now = soonest;
      continue;
    }
    now += us(step_seconds);
    if (++next->steps_done == next->entry.steps_left && now > next->entry.deadline) return false;
  }
}

TEST_P(BySeed, FeasibleDeadlinesAreMet) {
  constexpr double kStep = 0.2;
  int sets = 0;
  for (int attempt = 0; attempt < 200; ++attempt) {
    std::vector<Drawn> jobs;
    for (int i = 0; i < 12; ++i) {
      Drawn job;
      job.entry = drawing(kStandard, "t", i % 3 ? kSquare : kOther, 5 + int(random() % 30));
      job.entry.submitted = us(double(random() % 400) / 10);
      job.entry.deadline =
          job.entry.submitted + us(job.entry.steps_left * kStep * (1.2 + double(random() % 50) / 10));
      jobs.push_back(job);
    }
    if (!feasible(jobs, kStep)) continue;
    ++sets;
    SimulatedEngine engine({}, [](const StepClass&, int rows) { return kStep * rows / 2; });
    all_ready(engine);
    // Nothing left to find out: a batch tried to measure it may cost a deadline that allows no step more.
    for (const StepClass& step_class : {kSquare, kOther})
      for (int rows = 2; rows <= 8; rows += 2)
        for (int i = 0; i < 5; ++i) engine.profile().measured_step(step_class, rows, kStep * rows / 2);
    for (const Drawn& job : jobs)
      engine.at(job.entry.submitted, [&engine, entry = job.entry] { engine.submit(entry); });
    engine.run_to_end();
    for (const auto& [id, drawn] : engine.drawn())
      ASSERT_LE(drawn.finished, drawn.entry.deadline + us(1.1 * kStep))
          << "seed " << GetParam() << ", attempt " << attempt << ", entry " << id;
  }
  EXPECT_GT(sets, 20) << "too few feasible sets to say anything";
}

/// An hour of 20 % more than the engine can do, four engine seconds each; `deadline` in seconds, 0 for none.
void overload(SimulatedEngine& engine, double deadline) {
  all_ready(engine);
  engine.expire_deadlines = true;
  for (double at = 0; at < 3600; at += 4 / 1.2)
    engine.at(us(at), [&engine, deadline] {
      DrawingEntry entry = drawing(kStandard, "t", kSquare, 20);
      if (deadline != 0) entry.deadline = engine.now() + us(deadline);
      engine.submit(entry);
    });
  engine.run_until(us(3600));
}

TEST(Simulation, OverloadDoesNotMakeEveryoneMissTheirDeadline) {
  SimulatedEngine engine({}, row_by_row(0.1));
  overload(engine, 30);
  int in_time = 0;
  for (const auto& [id, drawn] : engine.drawn())
    in_time += drawn.finished != 0 && drawn.finished <= drawn.entry.deadline;
  EXPECT_GT(in_time, 750) << "of 900 that the engine can do";
}

TEST(Simulation, OverloadStarvesNeitherFreshNorLateEntries) {
  SimulatedEngine engine({}, row_by_row(0.1));
  overload(engine, 0);
  int soon = 0, late = 0;
  for (const auto& [id, drawn] : engine.drawn())
    if (drawn.finished != 0) ++(drawn.seconds() <= 70 ? soon : late);
  EXPECT_GT(soon, 500) << "begun within the minute that is their target";
  EXPECT_GT(late, 150);
  EXPECT_LE(engine.open_most(), 4) << "begun is finished, not put aside";
}

TEST(Simulation, BatchesFormWhereTheyPayAndNotWhereTheyDoNot) {
  SimulatedEngine paying({}, batches_pay(0.2, 0.6)), plain({}, row_by_row(0.1));
  for (SimulatedEngine* engine : {&paying, &plain}) {
    all_ready(*engine);
    flood(*engine, drawing(kStandard, "t", kSquare, 20), 3000);
    engine->run_until(us(600));
  }
  EXPECT_GT(paying.occupancy(), 3.5);
  EXPECT_LT(plain.occupancy(), 1.05) << "tried and given up";
}

TEST(Simulation, SameTrafficSameDecisions) {
  std::vector<std::vector<std::vector<uint64_t>>> runs;
  for (int run = 0; run < 2; ++run) {
    SimulatedEngine engine({}, batches_pay(0.1, 0.5));
    all_ready(engine);
    std::mt19937_64 random(3);
    poisson(engine, random, 0.7, us(600), [&] {
      return drawing(int(random() % 3), "t" + std::to_string(random() % 5), random() % 2 ? kSquare : kOther,
                     1 + int(random() % 20));
    });
    engine.run_until(us(600));
    runs.push_back(engine.steps());
  }
  EXPECT_GT(runs[0].size(), 1000u);
  EXPECT_EQ(runs[0], runs[1]);
}

/// Everything at once for a day: tiers, tenants, classes, jobs of several pictures, deadlines, cancellations,
/// pauses, models that come and go. SimulatedEngine checks each step; here that everyone got done.
TEST_P(BySeed, ADayOfMixedTraffic) {
  SimulatedEngine engine({}, batches_pay(0.25, 0.4));
  engine.keep_steps = false;
  engine.expire_deadlines = true;
  all_ready(engine);
  const TimeUs end = kDayUs;
  const StepClass classes[] = {kSquare, kSmall, kOther, {"flux", 768, 512}};
  std::exponential_distribution<double> gap(1 / 8.0);
  for (TimeUs at = 0; at < end; at += us(gap(random))) {
    const uint64_t dice = random();
    engine.at(at, [&engine, &classes, dice] {
      DrawingEntry entry =
          drawing(dice % 10 < 2   ? kRealtime
                  : dice % 10 < 6 ? kStandard
                                  : kBatch,
                  "t" + std::to_string(dice / 16 % 9), classes[dice / 256 % 4], 1 + int(dice / 4096 % 30));
      entry.rows = dice / 3 % 4 == 0 ? 1 : 2;
      if (dice / 7 % 10 == 0) entry.deadline = engine.now() + us(20 + double(dice / 11 % 600));
      entry.job = std::to_string(dice);
      for (uint64_t picture = 0; picture <= dice / 13 % 3; ++picture) {
        const uint64_t id = engine.submit(entry);
        if (dice / 17 % 20 == 0)
          engine.at(engine.now() + us(double(dice / 19 % 30)), [&engine, id] { engine.cancel(id); });
      }
    });
    if (dice % 500 == 0) {
      const TierNumber tier = int(dice / 500 % 3);
      engine.at(at, [&engine, tier] { engine.scheduler().set_paused(tier, true); });
      engine.at(at + us(60), [&engine, tier] { engine.scheduler().set_paused(tier, false); });
    }
    if (dice % 300 == 1) {
      engine.at(at, [&engine] { engine.scheduler().set_model_ready("flux", false); });
      engine.at(at + us(90), [&engine] { engine.scheduler().set_model_ready("flux", true); });
    }
  }
  engine.run_to_end();
  EXPECT_FALSE(HasFailure()) << "seed " << GetParam();
  EXPECT_LE(engine.open_most(), SchedulerConfig{}.open_max);
  EXPECT_EQ(engine.scheduler().open_count(), 0u);
  for (TierNumber tier = 0; tier < kTierCount; ++tier) EXPECT_EQ(engine.scheduler().waiting(tier), 0u);
  EXPECT_GT(engine.drawn().size(), 10'000u);
  EXPECT_LT(percentile(latencies(engine, kRealtime), 0.5), percentile(latencies(engine, kBatch), 0.5));
}

}  // namespace
}  // namespace limner
