#include "meter/usage_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace limner {
namespace {

/// Answers with what it was given and remembers what it was asked.
class FakeUsage final : public UsageTable {
 public:
  Result<std::vector<UsageSum>> sums(const UsageQuery& query) override {
    asked.push_back(query);
    if (broken) return Error{Code::unavailable, "", "the ledger is locked", ""};
    return query.by.empty() ? total : rows;
  }
  Result<UsageRow> of_job(std::string_view) override { return not_found("job", "is not there"); }
  Result<Spending> spending_of_tenant(std::string_view, TimeUs) override { return Spending{}; }
  Result<Spending> spending_of_key(std::string_view, TimeUs) override { return Spending{}; }

  std::vector<UsageSum> total, rows;
  std::vector<UsageQuery> asked;
  bool broken = false;
};

UsageSum sum(std::vector<std::string> group, int64_t jobs) {
  return {.group = std::move(group),
          .jobs = jobs,
          .pictures = 2 * jobs,
          .engine_us = 1'250'000 * jobs,
          .pixels = 1000 * jobs,
          .bytes_stored = 10 * jobs,
          .bytes_sent = 20 * jobs,
          .cost_micros = 12'500'001 * jobs};
}

TEST(UsageJson, TotalAndRows) {
  FakeUsage table;
  table.total = {sum({}, 2)};
  table.rows = {sum({"a", "2026-01-01"}, 1), sum({"b", "2026-01-02"}, 2)};
  const Json json = *usage_json(table, {.tenant = "", .from = 5, .to = 9, .by = {"tenant", "day"}}, "EUR");
  EXPECT_EQ(json["total"].dump(),
            R"({"jobs":2,"pictures":4,"engine_seconds":2.5,"pixels":2000,"bytes_stored":20,"bytes_sent":40,)"
            R"("cost":25.000002,"currency":"EUR"})");
  ASSERT_EQ(json["rows"].size(), 2u);
  EXPECT_EQ(json["rows"][0].dump(),
            R"({"tenant":"a","day":"2026-01-01","jobs":1,"pictures":2,"engine_seconds":1.25,"pixels":1000,)"
            R"("bytes_stored":10,"bytes_sent":20,"cost":12.500001,"currency":"EUR"})");
  for (const UsageQuery& query : table.asked) EXPECT_EQ(query.from, 5);
}

TEST(UsageJson, OfNothingIsNothing) {
  FakeUsage table;
  const Json json = *usage_json(table, {}, "EUR");
  EXPECT_EQ(json["total"]["jobs"], 0);
  EXPECT_EQ(json["total"]["cost"], 0.0);
  EXPECT_TRUE(json["rows"].empty());
}

TEST(UsageJson, RefusesUnknownGroupsAndHandsOnFailures) {
  FakeUsage table;
  for (const std::vector<std::string>& by : {std::vector<std::string>{"weather"}, {"day", "day"}, {""}}) {
    EXPECT_EQ(usage_json(table, {.by = by}, "EUR").error().field, "by");
    EXPECT_EQ(usage_csv(table, {.by = by}, "EUR").error().code, Code::invalid);
  }
  EXPECT_TRUE(table.asked.empty());
  table.broken = true;
  EXPECT_EQ(usage_json(table, {}, "EUR").error().code, Code::unavailable);
  EXPECT_EQ(usage_csv(table, {.by = {"day"}}, "EUR").error().code, Code::unavailable);
}

TEST(UsageCsv, HeaderAndLines) {
  FakeUsage table;
  table.rows = {sum({"a"}, 1), sum({"b"}, 2)};
  EXPECT_EQ(*usage_csv(table, {.by = {"tag"}}, "EUR"),
            "tag,jobs,pictures,engine_seconds,pixels,bytes_stored,bytes_sent,cost,currency\r\n"
            "a,1,2,1.25,1000,10,20,12.500001,EUR\r\n"
            "b,2,4,2.5,2000,20,40,25.000002,EUR\r\n");
}

TEST(UsageCsv, TextIsNeitherStructureNorFormula) {
  const auto field = [](const std::string& text) {
    FakeUsage table;
    table.rows = {sum({text}, 1)};
    const std::string csv = *usage_csv(table, {.by = {"tag"}}, "EUR");
    const size_t start = csv.find("\r\n") + 2;
    return csv.substr(start, csv.find(",1,2,1.25,1000") - start);
  };
  EXPECT_EQ(field("plain"), "plain");
  EXPECT_EQ(field("a,b"), "\"a,b\"");
  EXPECT_EQ(field("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(field("two\r\nlines"), "\"two\r\nlines\"");
  EXPECT_EQ(field("=1+1"), "'=1+1");
  EXPECT_EQ(field("@SUM(A1,A2)"), "\"'@SUM(A1,A2)\"");
  EXPECT_EQ(field("-5"), "'-5");
  EXPECT_EQ(field("+5"), "'+5");
  EXPECT_EQ(field("\t=1"), "'\t=1");
  EXPECT_EQ(field("\r=1"), "\"'\r=1\"");
  EXPECT_EQ(field(""), "");
}

TEST(ShareByRows, PartsSumToTheWhole) {
  EXPECT_EQ(share_by_rows(100, {2, 2}), (std::vector<int64_t>{50, 50}));
  EXPECT_EQ(share_by_rows(90, {1, 2}), (std::vector<int64_t>{30, 60}));
  EXPECT_EQ(share_by_rows(7, {}), std::vector<int64_t>());
  for (const int64_t total : {int64_t(0), int64_t(1), int64_t(100), int64_t(999'999'999'999'937)})
    for (const std::vector<int>& rows : std::vector<std::vector<int>>{
             {1}, {1, 1, 1}, {2, 1, 2, 1, 2}, {0, 3}, {0, 0, 0}, {-1, 5}, {1'000'000'000, 1, 7}}) {
      const std::vector<int64_t> parts = share_by_rows(total, rows);
      EXPECT_EQ(std::accumulate(parts.begin(), parts.end(), int64_t(0)), total);
      EXPECT_GE(*std::min_element(parts.begin(), parts.end()), 0);
    }
  EXPECT_EQ(share_by_rows(10, {0, 3}).front(), 0);
}

}  // namespace
}  // namespace limner
