#include "schedule/admission.h"

#include <gtest/gtest.h>

#include <random>

#include "schedule/simulated_engine_test.h"

namespace limner {
namespace {

using Verdict = Admission::Verdict;

constexpr size_t kGiB = size_t(1) << 30;
const StepClass kLargeSquare{"sd", 1024, 1024};

class AdmissionTest : public testing::Test {
 protected:
  AdmissionTest() {
    for (int i = 0; i < 5; ++i) profile.measured_step(kLargeSquare, 2, 0.5);
    profile.measured_fixed(kLargeSquare, 1);
    profile.measured_load("sd", 8);
    limits.memory_bytes = 16 * kGiB;
    request.step_class = kLargeSquare;
    request.steps = 20;
    state.forecast.wait_seconds = 11;  // its own work: nothing waits
  }
  Admission ask() const { return admit(request, limits, state, profile); }

  CostProfile profile;
  AdmissionRequest request;
  AdmissionLimits limits;
  AdmissionState state;
};

TEST_F(AdmissionTest, AdmitsAndPredicts) {
  request.pictures = 3;
  const Admission admission = ask();
  EXPECT_EQ(admission.verdict, Verdict::admitted);
  EXPECT_DOUBLE_EQ(admission.predicted_seconds, 33);
  EXPECT_DOUBLE_EQ(admission.predicted_wait_seconds, 33);
}

TEST_F(AdmissionTest, ImpossibleMemoryNamesTheLargestSquareThatFits) {
  request.model_bytes = 4 * kGiB;
  request.drawing_bytes = 24 * kGiB;  // half of it is there: 1024 / sqrt(2) = 724
  const Admission admission = ask();
  EXPECT_EQ(admission.verdict, Verdict::impossible);
  EXPECT_EQ(admission.error.code, Code::too_large);
  EXPECT_EQ(admission.error.field, "size");
  EXPECT_EQ(admission.error.hint, "704x704 is the largest square that fits");
  request.step_class.width = request.step_class.height = 704;
  request.drawing_bytes = size_t(24.0 * kGiB * 704 * 704 / (1024 * 1024));
  EXPECT_EQ(ask().verdict, Verdict::admitted) << "and it does fit";
}

TEST_F(AdmissionTest, AModelThatFitsNowhereIsNotAMatterOfSize) {
  request.model_bytes = 17 * kGiB;
  request.drawing_bytes = 1;
  EXPECT_EQ(ask().error.field, "model");
  request.model_bytes = 16 * kGiB - 1;
  request.drawing_bytes = 24 * kGiB;
  EXPECT_EQ(ask().error.hint, "take a smaller model") << "a square of nothing is no advice";
}

TEST_F(AdmissionTest, ADeadlineThatAnIdleMachineWouldMissIsImpossible) {
  state.now = 1000 * kSecondUs;
  request.deadline = state.now + 12 * kSecondUs;
  EXPECT_EQ(ask().verdict, Verdict::admitted);
  request.deadline = state.now + 10 * kSecondUs;
  const Admission admission = ask();
  EXPECT_EQ(admission.verdict, Verdict::impossible);
  EXPECT_EQ(admission.error.code, Code::deadline);
  EXPECT_NE(admission.error.message.find("11.0 s"), std::string::npos) << admission.error.message;
  request.deadline = state.now + 12 * kSecondUs;
  request.model_bytes = kGiB;
  EXPECT_EQ(ask().verdict, Verdict::impossible) << "the model has to be loaded first";
}

TEST_F(AdmissionTest, NothingIsImpossibleByAGuess) {
  request.step_class.model = "never drawn";
  request.deadline = 1;
  EXPECT_EQ(ask().verdict, Verdict::admitted);
  state.now = 2;
  EXPECT_EQ(ask().verdict, Verdict::impossible) << "but the past is";
}

TEST_F(AdmissionTest, AQueueThatIsTooLongSaysWhenItWillBeShortEnough) {
  state.forecast.wait_seconds = 11 + 600;
  EXPECT_EQ(ask().verdict, Verdict::admitted) << "ten minutes are allowed";
  state.forecast.wait_seconds = 11 + 700;
  const Admission admission = ask();
  EXPECT_EQ(admission.verdict, Verdict::overloaded);
  EXPECT_EQ(admission.error.code, Code::exhausted);
  EXPECT_DOUBLE_EQ(admission.retry_after_seconds, 110);
  request.tier = 2;
  EXPECT_EQ(ask().verdict, Verdict::admitted) << "batch has time";
}

TEST_F(AdmissionTest, AFullQueueSaysWhenThereIsRoom) {
  limits.queued_max[1] = 100;
  state.queued = 100;
  state.forecast.wait_seconds = 11 + 500;
  const Admission admission = ask();
  EXPECT_EQ(admission.verdict, Verdict::overloaded);
  EXPECT_EQ(admission.error.code, Code::exhausted);
  EXPECT_NEAR(admission.retry_after_seconds, 5.5, 1);
  state.queued = 99;
  EXPECT_EQ(ask().verdict, Verdict::admitted);
}

TEST_F(AdmissionTest, DrainingAndPausedAreUnavailable) {
  state.paused = true;
  EXPECT_EQ(ask().verdict, Verdict::admitted) << "standard waits";
  request.tier = 0;
  EXPECT_EQ(ask().error.code, Code::unavailable);
  EXPECT_EQ(ask().retry_after_seconds, 30);
  request.tier = 2;
  state.draining = true;
  EXPECT_EQ(ask().verdict, Verdict::overloaded);
  EXPECT_EQ(ask().error.code, Code::unavailable);
}

/// A queue that is too long, of several tenants, tiers and sizes; then a client that waits as long as it was
/// told.
bool admitted_after_waiting(uint64_t seed) {
  std::mt19937_64 random(seed);
  SimulatedEngine engine({}, random() % 2 ? row_by_row(0.1) : batches_pay(0.2, 0.6));
  engine.scheduler().set_model_ready("sd", true);
  const StepClass classes[] = {{"sd", 512, 512}, {"sd", 256, 256}, {"sd", 768, 512}};
  const auto made = [&](int tier) {
    DrawingEntry entry{.tenant = "t" + std::to_string(random() % 4), .tier = tier};
    entry.step_class = classes[random() % 3];
    entry.steps_left = 5 + int(random() % 30);
    return entry;
  };
  // What was learnt before.
  for (int i = 0; i < 300; ++i) engine.submit(made(1));
  engine.run_to_end();

  AdmissionLimits limits;
  limits.wait_seconds_max[1] = 120;
  const DrawingEntry mine = made(1);
  const auto ask = [&] {
    AdmissionRequest request{.tier = 1, .step_class = mine.step_class};
    request.steps = mine.steps_left;
    AdmissionState state;
    state.forecast = engine.scheduler().forecast(mine, engine.now());
    state.queued = engine.scheduler().waiting(1);
    state.now = engine.now();
    return admit(request, limits, state, engine.profile());
  };
  for (uint64_t others = random() % 200; others > 0; --others) engine.submit(made(2));
  while (ask().verdict == Verdict::admitted)
    for (uint64_t more = 1 + random() % 100; more > 0; --more) engine.submit(made(1));
  engine.run_until(engine.now() + TimeUs(ask().retry_after_seconds * double(kSecondUs)));
  return ask().verdict == Verdict::admitted;
}

TEST(AdmissionSimulation, WhoWaitsAsLongAsToldIsAdmitted) {
  constexpr int kTrials = 100;
  int admitted = 0;
  for (uint64_t seed = 1; seed <= kTrials; ++seed) admitted += admitted_after_waiting(seed);
  EXPECT_GE(admitted, kTrials * 9 / 10);
}

}  // namespace
}  // namespace limner
