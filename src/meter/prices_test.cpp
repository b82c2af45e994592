#include "meter/prices.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace limner {
namespace {

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

PriceTable table() {
  PriceTable prices;
  prices.standard = {.engine_second = 1000, .picture = 10'000, .megapixel = 500, .gigabyte_stored = 20'000};
  prices.models["dear"] = {.engine_second = 5000};
  prices.tier_factors[0] = 2;
  prices.tier_factors[2] = 0.5;
  return prices;
}

TEST(Prices, PartsAddUp) {
  const Quantities used{
      .engine_us = 2'500'000, .pictures = 2, .pixels = 2'000'000, .bytes_stored = 500'000'000};
  EXPECT_EQ(cost_micros(table(), "any", 1, used), 2500 + 20'000 + 1000 + 10'000);
  EXPECT_EQ(cost_micros(table(), "any", 0, used), 2 * (2500 + 20'000 + 1000 + 10'000));
  EXPECT_EQ(cost_micros(table(), "any", 2, used), (2500 + 20'000 + 1000 + 10'000) / 2);
  EXPECT_EQ(cost_micros(table(), "dear", 1, used), 12'500)
      << "a model's own rate replaces all of the default";
}

TEST(Prices, EachPartIsRoundedUp) {
  EXPECT_EQ(cost_micros(table(), "any", 1, {.engine_us = 1}), 1);
  EXPECT_EQ(cost_micros(table(), "any", 1, {.engine_us = 1, .pixels = 1, .bytes_stored = 1}), 3);
  EXPECT_EQ(cost_micros(table(), "any", 1, {.engine_us = 1001}), 2);
  EXPECT_EQ(cost_micros(table(), "any", 1, {}), 0);
}

TEST(Prices, NeverNegative) {
  EXPECT_EQ(cost_micros(table(), "any", 1, {.engine_us = -5, .pictures = -5, .pixels = -5}), 0);
  PriceTable odd = table();
  odd.standard.picture = -10;
  EXPECT_EQ(cost_micros(odd, "any", 1, {.pictures = 3}), 0);
  odd.standard.picture = 10;
  for (const double factor : {-1.0, 0.0, std::nan("")}) {
    odd.tier_factors[1] = factor;
    EXPECT_EQ(cost_micros(odd, "any", 1, {.pictures = 3}), 0);
  }
}

TEST(Prices, Saturates) {
  PriceTable odd;
  odd.standard = {kMost, kMost, kMost, kMost, kMost};
  for (double& factor : odd.tier_factors) factor = std::numeric_limits<double>::infinity();
  EXPECT_EQ(cost_micros(odd, "any", 1, {kMost, 1000, kMost, UINT64_MAX, UINT64_MAX}), kMost);
}

TEST(Money, ReadsDecimals) {
  EXPECT_EQ(*parse_money("12.5", "price"), 12'500'000);
  EXPECT_EQ(*parse_money("0.000001", "price"), 1);
  EXPECT_EQ(*parse_money("0", "price"), 0);
  EXPECT_EQ(*parse_money("007", "price"), 7'000'000);
  EXPECT_EQ(*parse_money("9223372036854.775807", "price"), kMost);
}

TEST(Money, RefusesEverythingElse) {
  for (const char* text : {"", ".", ".5", "5.", "-1", "+1", "1e3", "1,5", " 1", "1 ", "0.0000001", "1.2.3",
                           "0x1", "9223372036854.775808", "99999999999999", "inf", "\xd9\xa1"}) {
    const Result<int64_t> read = parse_money(text, "price");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Code::invalid);
    EXPECT_EQ(read.error().field, "price");
  }
}

TEST(Money, TextHasNoTrailingZeros) {
  EXPECT_EQ(money_text(12'500'000), "12.5");
  EXPECT_EQ(money_text(1), "0.000001");
  EXPECT_EQ(money_text(0), "0");
  EXPECT_EQ(money_text(100'000'000), "100");
  EXPECT_EQ(money_text(-1'500'000), "-1.5");
  EXPECT_EQ(money_text(std::numeric_limits<int64_t>::min()), "-9223372036854.775808");
  for (const int64_t micros : {int64_t(0), int64_t(1), int64_t(999'999), int64_t(1'000'000), kMost})
    EXPECT_EQ(*parse_money(money_text(micros), "price"), micros);
}

}  // namespace
}  // namespace limner
