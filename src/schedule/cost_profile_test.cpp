#include "schedule/cost_profile.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace limner {
namespace {

const StepClass kSmallPicture{"a", 256, 256}, kLargePicture{"a", 512, 512}, kOtherModel{"b", 512, 512};

void measure(CostProfile& profile, const StepClass& step_class, int rows, double seconds, int times = 5) {
  for (int i = 0; i < times; ++i) profile.measured_step(step_class, rows, seconds);
}

TEST(CostProfile, PredictsBeforeAnythingWasMeasured) {
  const CostProfile profile;
  EXPECT_GT(profile.step_seconds(kLargePicture, 2), profile.step_seconds(kSmallPicture, 2));
  EXPECT_GT(profile.step_seconds(kLargePicture, 4), profile.step_seconds(kLargePicture, 2));
  EXPECT_GT(profile.load_seconds("a"), 0);
  EXPECT_EQ(profile.fixed_seconds(kLargePicture), 0);
  EXPECT_FALSE(profile.knows("a"));
}

TEST(CostProfile, EstimatesFromTheNearest) {
  CostProfile profile;
  measure(profile, kOtherModel, 2, 100);
  EXPECT_DOUBLE_EQ(profile.step_seconds(kLargePicture, 2), 100) << "any model before the prior";
  measure(profile, kSmallPicture, 2, 1);
  EXPECT_DOUBLE_EQ(profile.step_seconds(kLargePicture, 2), 4)
      << "the same model before another of the same size";
  measure(profile, kLargePicture, 2, 5);
  EXPECT_DOUBLE_EQ(profile.step_seconds(kLargePicture, 2), 5);
  EXPECT_DOUBLE_EQ(profile.step_seconds({"a", 480, 512}, 2), 5.0 * 480 / 512) << "the nearest size";
  EXPECT_TRUE(profile.knows("a"));
  profile.measured_fixed(kSmallPicture, 0.5);
  EXPECT_DOUBLE_EQ(profile.fixed_seconds(kLargePicture), 2);
}

TEST(CostProfile, EstimatesRowsBetweenAndBeyondMeasuredOnes) {
  CostProfile profile;
  measure(profile, kLargePicture, 2, 1);
  EXPECT_DOUBLE_EQ(profile.step_seconds(kLargePicture, 1), 0.5);
  EXPECT_DOUBLE_EQ(profile.step_seconds(kLargePicture, 6), 3) << "nothing gained where nothing is known";
  measure(profile, kLargePicture, 6, 2);
  EXPECT_DOUBLE_EQ(profile.step_seconds(kLargePicture, 4), 1.5);
  EXPECT_DOUBLE_EQ(profile.step_seconds(kLargePicture, 12), 4);
}

TEST(CostProfile, HiccupsDoNotPoisonPredictions) {
  for (int hiccup_at = 0; hiccup_at < 6; ++hiccup_at) {
    CostProfile profile;
    for (int i = 0; i < 20; ++i) profile.measured_step(kLargePicture, 2, i == hiccup_at ? 100 : 1);
    EXPECT_NEAR(profile.step_seconds(kLargePicture, 2), 1, 0.2) << "hiccup at step " << hiccup_at;
  }
  CostProfile profile;
  measure(profile, kLargePicture, 2, 1, 50);
  profile.measured_step(kLargePicture, 2, 100);
  EXPECT_LT(profile.step_seconds(kLargePicture, 2), 1.15) << "right after it";
}

TEST(CostProfile, FollowsAMachineThatChanged) {
  CostProfile profile;
  measure(profile, kLargePicture, 2, 1, 1000);
  measure(profile, kLargePicture, 2, 3, 40);
  EXPECT_NEAR(profile.step_seconds(kLargePicture, 2), 3, 0.5);
  measure(profile, kLargePicture, 2, 1, 40);
  EXPECT_NEAR(profile.step_seconds(kLargePicture, 2), 1, 0.2);
}

TEST(CostProfile, IgnoresNonsense) {
  CostProfile profile;
  measure(profile, kLargePicture, 2, 1);
  for (const double bad : {0.0, -1.0, 1e9, std::nan(""), std::numeric_limits<double>::infinity()})
    profile.measured_step(kLargePicture, 2, bad);
  profile.measured_step(kLargePicture, 0, 1);
  profile.measured_step(kLargePicture, -3, 1);
  profile.measured_load("a", -1);
  EXPECT_DOUBLE_EQ(profile.step_seconds(kLargePicture, 2), 1);
  EXPECT_GT(profile.load_seconds("a"), 0);
}

TEST(CostProfile, BatchingPaysOnlyWhereMeasuredSo) {
  CostProfile profile;
  measure(profile, kLargePicture, 2, 1);
  measure(profile, kLargePicture, 4, 1.5);
  EXPECT_TRUE(profile.batching_pays(kLargePicture, 2, 2));
  measure(profile, kLargePicture, 4, 1.97, 100);
  EXPECT_FALSE(profile.batching_pays(kLargePicture, 2, 2)) << "1.97 s for two in place of 2 s is no 2 %";
  EXPECT_FALSE(profile.company_is_free(kLargePicture, 2, 2));
  measure(profile, kLargePicture, 4, 0.9, 100);
  EXPECT_TRUE(profile.company_is_free(kLargePicture, 2, 2));
}

TEST(CostProfile, TriesBatchesThatWereNotMeasuredOnceInAWhile) {
  CostProfile profile;
  EXPECT_FALSE(profile.batching_pays(kLargePicture, 2, 2)) << "first what it costs alone";
  int tries = 0;
  for (int i = 0; i < 80; ++i) {
    profile.measured_step(kLargePicture, 2, 1);
    tries += profile.batching_pays(kLargePicture, 2, 2);
    EXPECT_FALSE(profile.company_is_free(kLargePicture, 2, 2)) << "nobody realtime is tried on";
  }
  EXPECT_EQ(tries, 10);
}

TEST(CostProfile, RowSecondsAreThoseOfTheBestBatch) {
  CostProfile profile;
  measure(profile, kLargePicture, 2, 1);
  measure(profile, kLargePicture, 4, 1.2);
  measure(profile, kLargePicture, 8, 2);
  EXPECT_DOUBLE_EQ(profile.row_seconds(kLargePicture, 2, 2), 0.5);
  EXPECT_DOUBLE_EQ(profile.row_seconds(kLargePicture, 2, 4), 0.3);
  EXPECT_DOUBLE_EQ(profile.row_seconds(kLargePicture, 2, 8), 0.25);
}

TEST(CostProfile, RemembersABoundedNumberAndKeepsTheBestKnown) {
  CostProfile profile;
  measure(profile, kLargePicture, 2, 7, 100);
  for (int i = 0; i < 5000; ++i) {
    profile.measured_step({"a", 8 * (i + 1), 8}, 2, 1);
    profile.measured_fixed({"a", 8 * (i + 1), 8}, 1);
    profile.measured_load("model " + std::to_string(i), 1);
  }
  EXPECT_DOUBLE_EQ(profile.step_seconds(kLargePicture, 2), 7);
  EXPECT_EQ(profile.to_json()["steps"].size(), CostProfile::kClassesMax);
  EXPECT_EQ(profile.to_json()["fixed"].size(), CostProfile::kClassesMax);
  EXPECT_EQ(profile.to_json()["loads"].size(), CostProfile::kClassesMax);
  EXPECT_TRUE(CostProfile::from_json(profile.to_json(), "profile"));
}

TEST(CostProfile, SurvivesARoundTrip) {
  CostProfile profile;
  measure(profile, kLargePicture, 2, 1.25);
  measure(profile, kLargePicture, 4, 1.5, 2);
  measure(profile, kOtherModel, 1, 0.1);
  profile.measured_fixed(kLargePicture, 0.75);
  profile.measured_load("a", 12);
  const Json json = profile.to_json();
  const Result<CostProfile> read = CostProfile::from_json(json, "profile");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->to_json(), json);
  EXPECT_DOUBLE_EQ(read->step_seconds(kLargePicture, 4), 1.5);
  EXPECT_DOUBLE_EQ(read->fixed_seconds(kLargePicture), 0.75);
  EXPECT_DOUBLE_EQ(read->load_seconds("a"), 12);
}

TEST(CostProfile, RefusesWhatItCannotHaveWritten) {
  CostProfile profile;
  measure(profile, kLargePicture, 2, 1);
  profile.measured_load("a", 1);
  const auto refused = [&](auto change) {
    Json json = profile.to_json();
    change(json);
    const Result<CostProfile> read = CostProfile::from_json(json, "profile");
    EXPECT_FALSE(read) << json.dump();
    return read ? Error{} : read.error();
  };
  EXPECT_EQ(refused([](Json& json) { json = Json::array(); }).field, "profile");
  EXPECT_EQ(refused([](Json& json) { json.erase("steps"); }).field, "profile.steps");
  EXPECT_EQ(refused([](Json& json) { json["loads"] = 3; }).field, "profile.loads");
  EXPECT_EQ(refused([](Json& json) { json["steps"][0]["seconds"] = -1; }).field, "profile.steps.seconds");
  EXPECT_EQ(refused([](Json& json) { json["steps"][0]["seconds"] = 1e300; }).field, "profile.steps.seconds");
  EXPECT_EQ(refused([](Json& json) { json["steps"][0]["rows"] = 0; }).field, "profile.steps.rows");
  EXPECT_EQ(refused([](Json& json) { json["steps"][0]["rows"] = 1.5; }).field, "profile.steps.rows");
  EXPECT_EQ(refused([](Json& json) { json["steps"][0]["count"] = uint64_t(-1); }).field,
            "profile.steps.count");
  EXPECT_EQ(refused([](Json& json) { json["steps"][0].erase("width"); }).field, "profile.steps.width");
  EXPECT_EQ(refused([](Json& json) { json["steps"][0]["model"] = std::string(100'000, 'x'); }).field,
            "profile.steps.model");
  EXPECT_EQ(refused([](Json& json) { json["steps"][0] = "x"; }).field, "profile.steps");
  EXPECT_EQ(refused([](Json& json) {
              json["loads"] = Json::array();
              for (int i = 0; i < 2000; ++i)
                json["loads"].push_back({{"model", std::to_string(i)}, {"seconds", 1}, {"count", 1}});
            }).field,
            "profile.loads");
}

}  // namespace
}  // namespace limner
