#include "jobs/drawing/bill.h"

#include <gtest/gtest.h>

namespace limner::drawing {
namespace {

class Bill : public testing::Test {
 protected:
  Bill() : job(Job()) {
    prices.standard = {.engine_second = 1'000'000, .picture = 100, .megapixel = 0};
    job.engine_us = 1'500'000;
    job.job.reserved_micros = 10'000'000;
  }
  std::vector<PictureRow> pictures(int count) {
    std::vector<PictureRow> rows(static_cast<size_t>(count));
    for (PictureRow& row : rows) {
      row.width = 64;
      row.height = 32;
      row.bytes = 1000;
    }
    return rows;
  }

  PriceTable prices;
  ActiveJob job;
};

TEST_F(Bill, IsTheSumOfItsPictures) {
  std::vector<PictureRow> rows = pictures(7);
  const UsageRow usage = bill(prices, job, JobState::stored, {}, rows);
  EXPECT_EQ(usage.cost_micros, 1'500'000 + 7 * 100);
  EXPECT_EQ(usage.pictures, 7);
  EXPECT_EQ(usage.pixels, 7 * 64 * 32);
  EXPECT_EQ(usage.bytes_stored, 7000u);
  int64_t sum = 0;
  for (const PictureRow& row : rows) sum += row.cost_micros;
  EXPECT_EQ(sum, usage.cost_micros);
}

TEST_F(Bill, IsNothingForOurOwnFaultsButBooksTheTime) {
  std::vector<PictureRow> none;
  for (const char* kind : {"model", "infrastructure"}) {
    const UsageRow usage = bill(prices, job, JobState::failed, {"internal", "", "", "", kind}, none);
    EXPECT_EQ(usage.cost_micros, 0) << kind;
    EXPECT_EQ(usage.engine_us, 1'500'000) << kind;
  }
  EXPECT_EQ(bill(prices, job, JobState::failed, {"invalid", "", "", "", "request"}, none).cost_micros,
            1'500'000);
  EXPECT_EQ(bill(prices, job, JobState::cancelled, {}, none).cost_micros, 1'500'000);
}

TEST_F(Bill, IsNeverMoreThanWasSetAside) {
  job.job.reserved_micros = 1000;
  std::vector<PictureRow> rows = pictures(3);
  EXPECT_EQ(bill(prices, job, JobState::stored, {}, rows).cost_micros, 1000);
  EXPECT_EQ(rows[0].cost_micros + rows[1].cost_micros + rows[2].cost_micros, 1000);
}

TEST_F(Bill, TakesAProvidersPriceForWhatItDrew) {
  JobPlan plan;
  plan.route = Route::provider;
  plan.provider_price_micros = 40'000;
  job.set_plan(plan);
  job.engine_us = 0;
  std::vector<PictureRow> rows = pictures(2);
  EXPECT_EQ(bill(prices, job, JobState::stored, {}, rows).cost_micros, 80'000);
}

}  // namespace
}  // namespace limner::drawing
