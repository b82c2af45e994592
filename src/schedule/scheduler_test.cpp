#include "schedule/scheduler.h"

#include <gtest/gtest.h>

#include "schedule/simulated_engine_test.h"

namespace limner {
namespace {

using Ids = std::vector<uint64_t>;

const StepClass kWide{"sd", 768, 512};

class SchedulerTest : public testing::Test {
 protected:
  SchedulerTest() {
    scheduler.set_model_ready("sd", true);
    scheduler.set_model_ready("xl", true);
    for (int i = 0; i < 5; ++i) profile.measured_step(kSquare, 2, 1);
  }
  void batches_pay() {
    for (int i = 0; i < 5; ++i) {
      profile.measured_step(kSquare, 4, 1.2);
      profile.measured_step(kSquare, 6, 1.4);
      profile.measured_step(kSquare, 8, 1.6);
    }
  }
  DrawingEntry entry(uint64_t id, TierNumber tier = kStandard, const std::string& tenant = "t") {
    DrawingEntry made{.id = id, .job = "job", .tenant = tenant, .tier = tier, .step_class = kSquare};
    made.steps_left = 10;
    made.submitted = TimeUs(id);
    return made;
  }
  void step(const StepDecision& decision, double seconds = 1) {
    for (const uint64_t id : decision.step) scheduler.opened(id);
    now += TimeUs(seconds * double(kSecondUs));
    scheduler.stepped(decision.step, seconds, now);
  }
  Ids next() { return scheduler.decide(now).step; }

  SchedulerConfig config;
  CostProfile profile;
  Scheduler scheduler{config, profile};
  TimeUs now = 0;
};

TEST_F(SchedulerTest, NothingToDo) {
  EXPECT_EQ(next(), Ids());
  scheduler.remove(7);
  scheduler.opened(7);
  scheduler.correct(7, 1, 1);
  scheduler.stepped({7}, 1, now);
  EXPECT_EQ(scheduler.open_count(), 0u);
}

TEST_F(SchedulerTest, FirstComeFirstServedWhereNothingElseIsSaid) {
  for (uint64_t id = 1; id <= 3; ++id) scheduler.add(entry(id));
  EXPECT_EQ(next(), Ids{1});
  scheduler.remove(1);
  EXPECT_EQ(next(), Ids{2});
}

TEST_F(SchedulerTest, EqualCallsGiveEqualDecisions) {
  batches_pay();
  for (uint64_t id = 1; id <= 20; ++id) scheduler.add(entry(id, int(id % 3), id % 2 ? "a" : "b"));
  const Ids first = next();
  EXPECT_EQ(next(), first);
  EXPECT_EQ(next(), first);
}

TEST_F(SchedulerTest, TheEarlierDeadlineGoesFirst) {
  DrawingEntry relaxed = entry(1), urgent = entry(2);
  relaxed.deadline = 100 * kSecondUs;
  urgent.deadline = 20 * kSecondUs;
  scheduler.add(relaxed);
  scheduler.add(urgent);
  EXPECT_EQ(next(), Ids{2});
}

TEST_F(SchedulerTest, AnUrgentEntryPreemptsAnOpenOneThatThenGoesOn) {
  DrawingEntry relaxed = entry(1), urgent = entry(2);
  relaxed.deadline = 100 * kSecondUs;
  urgent.deadline = 20 * kSecondUs;
  scheduler.add(relaxed);
  step(scheduler.decide(now));
  scheduler.add(urgent);
  const StepDecision decision = scheduler.decide(now);
  EXPECT_EQ(decision.step, Ids{2});
  EXPECT_EQ(decision.preempted, 1);
  step(decision);
  EXPECT_EQ(scheduler.decide(now).preempted, 0) << "counted once, when it happens";
  scheduler.remove(2);
  EXPECT_EQ(next(), Ids{1});
}

TEST_F(SchedulerTest, OpenDrawingsGoOnBeforeOthersOfTheSameUrgency) {
  DrawingEntry first = entry(1), second = entry(2);
  first.submitted = second.submitted = 0;
  scheduler.add(second);
  step(scheduler.decide(now));
  scheduler.add(first);
  EXPECT_EQ(next(), Ids{2});
}

TEST_F(SchedulerTest, LateEntriesGoBehindThoseInTimeInTheOrderTheyCame) {
  DrawingEntry late = entry(1), later = entry(2), fresh = entry(3);
  late.deadline = 5 * kSecondUs;  // ten steps of a second: cannot be
  later.deadline = 2 * kSecondUs;
  fresh.deadline = 50 * kSecondUs;
  for (const DrawingEntry& each : {late, later, fresh}) scheduler.add(each);
  EXPECT_EQ(next(), Ids{3});
  scheduler.remove(3);
  EXPECT_EQ(next(), Ids{1}) << "by submission, though the other's deadline was earlier";
}

TEST_F(SchedulerTest, EntriesLateForTheTargetOfTheirTierKeepAQuarter) {
  DrawingEntry late = entry(1), fresh = entry(2);
  late.steps_left = fresh.steps_left = 1000;  // the standard tier's target is a minute
  fresh.deadline = 100'000 * kSecondUs;
  const auto late_steps_of_100 = [&] {
    int steps = 0;
    for (int i = 0; i < 100; ++i) {
      const StepDecision decision = scheduler.decide(now);
      steps += decision.step == Ids{1};
      step(decision);
    }
    return steps;
  };
  scheduler.add(late);
  scheduler.add(fresh);
  EXPECT_NEAR(late_steps_of_100(), 25, 2);
  scheduler.remove(1);
  late.deadline = 500 * kSecondUs;
  scheduler.add(late);
  EXPECT_EQ(late_steps_of_100(), 0) << "it will expire";
}

TEST_F(SchedulerTest, WhatWasBegunInTimeStaysInOrder) {
  DrawingEntry begun = entry(1), relaxed = entry(2);
  begun.deadline = 15 * kSecondUs;
  relaxed.deadline = 100 * kSecondUs;
  scheduler.add(begun);
  scheduler.add(relaxed);
  step(scheduler.decide(now));
  now += 10 * kSecondUs;
  EXPECT_EQ(next(), Ids{1}) << "a little late is better than put aside";
}

TEST_F(SchedulerTest, RealtimeGoesFirstAndOthersGetTheirShareAfterItsLeeway) {
  DrawingEntry realtime = entry(1, kRealtime), batch = entry(2, kBatch);
  realtime.steps_left = batch.steps_left = 100'000;
  scheduler.add(batch);
  step(scheduler.decide(now));
  scheduler.add(realtime);
  for (int i = 0; i < 30; ++i) {
    const StepDecision decision = scheduler.decide(now);
    ASSERT_EQ(decision.step, Ids{1}) << i;
    step(decision);
  }
  int batch_steps = 0;
  for (int i = 0; i < 170; ++i) {
    const StepDecision decision = scheduler.decide(now);
    batch_steps += decision.step == Ids{2};
    step(decision);
  }
  EXPECT_NEAR(batch_steps, 10, 2) << "one in seventeen";
}

TEST_F(SchedulerTest, BatchesFormAsLongAsTheyPay) {
  for (uint64_t id = 1; id <= 6; ++id) scheduler.add(entry(id));
  EXPECT_EQ(next(), Ids{1}) << "not measured";
  batches_pay();
  EXPECT_EQ(next(), (Ids{1, 2, 3, 4})) << "eight rows";
  for (int i = 0; i < 100; ++i) profile.measured_step(kSquare, 6, 2.6);
  EXPECT_EQ(next(), (Ids{1, 2})) << "a third drawing would not pay";
}

TEST_F(SchedulerTest, OnlyOneClassStepsTogether) {
  batches_pay();
  DrawingEntry wide = entry(2), other = entry(3);
  wide.step_class = kWide;
  other.step_class = kOther;
  for (const DrawingEntry& each : {entry(1), wide, other, entry(4)}) scheduler.add(each);
  EXPECT_EQ(next(), (Ids{1, 4}));
}

TEST_F(SchedulerTest, RowsAreBounded) {
  batches_pay();
  DrawingEntry huge = entry(1);
  huge.rows = 20;
  scheduler.add(huge);
  EXPECT_EQ(next(), Ids{1}) << "alone rather than never";
  scheduler.add(entry(2));
  EXPECT_EQ(next(), Ids{1});
}

TEST_F(SchedulerTest, BesideRealtimeOthersJoinOnlyForFree) {
  batches_pay();
  scheduler.add(entry(1, kBatch));
  scheduler.add(entry(2, kRealtime));
  EXPECT_EQ(next(), Ids{2}) << "it pays, but costs realtime 20 %";
  scheduler.add(entry(3, kRealtime));
  EXPECT_EQ(next(), (Ids{2, 3}));
  for (int i = 0; i < 200; ++i) profile.measured_step(kSquare, 4, 1.01);
  scheduler.remove(3);
  EXPECT_EQ(next(), (Ids{2, 1}));
}

TEST_F(SchedulerTest, CompanyDoesNotCostALeaderItsDeadline) {
  batches_pay();
  DrawingEntry urgent = entry(1);
  urgent.deadline = 11 * kSecondUs;  // 10 s alone, 12 s for two
  scheduler.add(urgent);
  scheduler.add(entry(2));
  EXPECT_EQ(next(), Ids{1});
}

TEST_F(SchedulerTest, BatchesTakeFromTenantsInTurn) {
  batches_pay();
  for (uint64_t id = 1; id <= 100; ++id) scheduler.add(entry(id, kStandard, "many"));
  scheduler.add(entry(101, kStandard, "few"));
  scheduler.add(entry(102, kStandard, "few"));
  EXPECT_EQ(next(), (Ids{1, 101, 2, 102}));
}

TEST_F(SchedulerTest, PlacesAreKeptForMoreUrgentTiers) {
  SchedulerConfig tight;
  tight.open_max = 6;
  tight.realtime_open = 2;
  tight.rows_max = 16;
  for (int rows = 4; rows <= 16; rows += 2)
    for (int i = 0; i < 3; ++i) profile.measured_step(kSquare, rows, 1 + 0.01 * rows);
  Scheduler bounded(tight, profile);
  bounded.set_model_ready("sd", true);
  const auto run = [&] {
    const StepDecision decision = bounded.decide(now);
    for (const uint64_t id : decision.step) bounded.opened(id);
    bounded.stepped(decision.step, 1, now += kSecondUs);
    return decision.step.size();
  };
  for (uint64_t id = 1; id <= 10; ++id) bounded.add(entry(id, kBatch));
  EXPECT_EQ(run(), 2u);
  for (uint64_t id = 11; id <= 20; ++id) bounded.add(entry(id, kStandard));
  run();
  EXPECT_EQ(bounded.open_count(), 4u);
  for (uint64_t id = 21; id <= 30; ++id) bounded.add(entry(id, kRealtime));
  run();
  EXPECT_EQ(bounded.open_count(), 6u);
  EXPECT_EQ(bounded.waiting(kRealtime), 8u);
}

TEST_F(SchedulerTest, WhereThereIsNoPlaceTheDrawingNearestToItsEndIsDrawn) {
  SchedulerConfig tight;
  tight.open_max = 2;
  tight.realtime_open = 0;
  Scheduler bounded(tight, profile);
  bounded.set_model_ready("sd", true);
  DrawingEntry long_one = entry(1, kStandard, "a"), short_one = entry(2, kStandard, "b");
  long_one.steps_left = 50;
  for (const DrawingEntry& each : {long_one, short_one, entry(3, kStandard, "c")}) bounded.add(each);
  for (int i = 0; i < 2; ++i) {
    const StepDecision decision = bounded.decide(now);
    bounded.opened(decision.step.at(0));
    bounded.stepped(decision.step, 1, now);
  }
  for (int i = 0; i < 5; ++i) {
    const StepDecision decision = bounded.decide(now);
    EXPECT_EQ(decision.step, Ids{2});
    bounded.stepped(decision.step, 1, now);
  }
}

TEST_F(SchedulerTest, PauseAndResume) {
  scheduler.add(entry(1, kRealtime));
  scheduler.add(entry(2, kBatch));
  step(scheduler.decide(now));
  scheduler.set_paused(kRealtime, true);
  EXPECT_TRUE(scheduler.paused(kRealtime));
  EXPECT_EQ(next(), Ids{2});
  scheduler.set_paused(kBatch, true);
  EXPECT_EQ(next(), Ids());
  scheduler.set_paused(kRealtime, false);
  EXPECT_EQ(next(), Ids{1});
}

TEST_F(SchedulerTest, AModelThatIsNotReadyBlocksNobody) {
  scheduler.set_model_ready("xl", false);
  for (uint64_t id = 1; id <= 1000; ++id) {
    DrawingEntry unready = entry(id, kRealtime);
    unready.step_class = kOther;
    scheduler.add(unready);
  }
  scheduler.add(entry(1001, kBatch));
  EXPECT_EQ(next(), Ids{1001});
  EXPECT_EQ(scheduler.wanted_models(now), std::vector<std::string>{"xl"});
  scheduler.set_model_ready("xl", true);
  EXPECT_EQ(next(), Ids{1});
  EXPECT_TRUE(scheduler.wanted_models(now).empty());
}

TEST_F(SchedulerTest, ModelsAreWantedInOrderOfUrgency) {
  const auto want = [&](uint64_t id, TierNumber tier, const std::string& model) {
    DrawingEntry made = entry(id, tier);
    made.step_class.model = model;
    scheduler.add(made);
  };
  want(1, kBatch, "for batch");
  want(2, kStandard, "for standard");
  want(3, kRealtime, "for realtime");
  want(4, kRealtime, "for batch, too");
  want(5, kStandard, "for batch");
  EXPECT_EQ(scheduler.wanted_models(now),
            (std::vector<std::string>{"for realtime", "for batch, too", "for standard", "for batch"}));
  scheduler.set_paused(kRealtime, true);
  EXPECT_EQ(scheduler.wanted_models(now), (std::vector<std::string>{"for standard", "for batch"}));
}

TEST_F(SchedulerTest, CancelledEntriesVanish) {
  batches_pay();
  for (uint64_t id = 1; id <= 4; ++id) scheduler.add(entry(id));
  step(scheduler.decide(now));
  scheduler.remove(2);
  scheduler.remove(3);
  EXPECT_EQ(next(), (Ids{1, 4}));
  scheduler.remove(1);
  scheduler.remove(4);
  EXPECT_EQ(next(), Ids());
  EXPECT_EQ(scheduler.open_count(), 0u);
  EXPECT_EQ(scheduler.waiting(kStandard), 0u);
}

TEST_F(SchedulerTest, ADrawingWithoutStepsLeftKeepsItsPlaceAndIsNotStepped) {
  DrawingEntry short_one = entry(1);
  short_one.steps_left = 1;
  scheduler.add(short_one);
  scheduler.add(entry(2));
  step(scheduler.decide(now));
  EXPECT_EQ(next(), Ids{2});
  EXPECT_EQ(scheduler.open_count(), 1u);
  scheduler.correct(1, 2, 2);
  EXPECT_EQ(next(), Ids{1}) << "the engine knows better";
}

TEST_F(SchedulerTest, ExpiredAreThoseWithADeadlineOfTheirOwn) {
  DrawingEntry timed = entry(1), later = entry(2);
  timed.deadline = 5 * kSecondUs;
  later.deadline = 7 * kSecondUs;
  for (const DrawingEntry& each : {later, timed, entry(3, kRealtime)}) scheduler.add(each);
  EXPECT_EQ(scheduler.expired(5 * kSecondUs - 1), Ids());
  EXPECT_EQ(scheduler.expired(5 * kSecondUs), Ids{1});
  EXPECT_EQ(scheduler.expired(kDayUs), (Ids{1, 2}));
  scheduler.remove(1);
  EXPECT_EQ(scheduler.expired(kDayUs), Ids{2});
}

TEST_F(SchedulerTest, ForecastCountsWhatIsBeforeInTheTierAndBesideIt) {
  const DrawingEntry mine = entry(100);
  EXPECT_DOUBLE_EQ(scheduler.forecast(mine, now).wait_seconds, 10);
  EXPECT_DOUBLE_EQ(scheduler.forecast(mine, now).work_seconds, 0);
  for (uint64_t id = 1; id <= 5; ++id) scheduler.add(entry(id));
  EXPECT_DOUBLE_EQ(scheduler.forecast(mine, now).work_seconds, 50);
  EXPECT_DOUBLE_EQ(scheduler.forecast(mine, now).wait_seconds, 60);
  for (uint64_t id = 6; id <= 10; ++id) scheduler.add(entry(id, kStandard, "other"));
  EXPECT_DOUBLE_EQ(scheduler.forecast(mine, now).wait_seconds, 110);
  for (uint64_t id = 11; id <= 1000; ++id) scheduler.add(entry(id, kBatch, "other"));
  EXPECT_DOUBLE_EQ(scheduler.forecast(mine, now).wait_seconds, 110 * 1.25) << "batch gets its fifth";
  EXPECT_DOUBLE_EQ(scheduler.forecast(entry(100, kRealtime), now).wait_seconds, 10);
  scheduler.set_model_ready("sd", false);
  EXPECT_GT(scheduler.forecast(mine, now).wait_seconds, 110 * 1.25);
}

TEST_F(SchedulerTest, AWeightOfNothingIsAWeight) {
  DrawingEntry strange = entry(1, kStandard, "a");
  strange.tenant_weight = 0;
  scheduler.add(strange);
  step(scheduler.decide(now));
  scheduler.add(entry(2, kStandard, "b"));
  EXPECT_EQ(next(), Ids{2});
}

TEST_F(SchedulerTest, DecidesFastWithAHundredThousandWaiting) {
  for (uint64_t id = 1; id <= 100'000; ++id) {
    DrawingEntry made = entry(id, int(id % 3), "t" + std::to_string(id % 50));
    made.step_class.width = 512 + 64 * int(id / 64 % 8);
    scheduler.add(made);
  }
  constexpr int kDecisions = 1000;
  const SystemClock clock;
  const TimeUs started = clock.steady();
  for (int i = 0; i < kDecisions; ++i) step(scheduler.decide(now));
  const double mean_us = double(clock.steady() - started) / kDecisions;
  RecordProperty("decide_us", int(mean_us));
  EXPECT_LT(mean_us, 1000) << "20 to 50 us on an idle machine";
}

}  // namespace
}  // namespace limner
