#include "meter/usage_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/check.h"
#include "base/clock.h"
#include "meter/prices.h"

namespace limner {

namespace {

constexpr std::array<std::string_view, 7> kGroups = {"tenant", "key", "model", "tier", "tag", "day", "job"};

Result<void> check_groups(const std::vector<std::string>& by) {
  for (size_t i = 0; i < by.size(); ++i) {
    if (std::find(kGroups.begin(), kGroups.end(), by[i]) == kGroups.end())
      return invalid("by", fmt::format("'{}' is none of {}", by[i].substr(0, 40), fmt::join(kGroups, ", ")));
    if (std::find(by.begin(), by.begin() + std::ptrdiff_t(i), by[i]) != by.begin() + std::ptrdiff_t(i))
      return invalid("by", fmt::format("'{}' is there twice", by[i]));
  }
  return {};
}

void put_sums(Json& json, const UsageSum& sum, const std::string& currency) {
  json["jobs"] = sum.jobs;
  json["pictures"] = sum.pictures;
  json["engine_seconds"] = double(sum.engine_us) / double(kSecondUs);
  json["pixels"] = sum.pixels;
  json["bytes_stored"] = sum.bytes_stored;
  json["bytes_sent"] = sum.bytes_sent;
  json["cost"] = double(sum.cost_micros) / double(kMicrosPerUnit);
  json["currency"] = currency;
}

/// A field of RFC 4180, in quotation marks where it needs them.
std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return std::string(text);
  std::string field = "\"";
  for (const char c : text) {
    if (c == '"') field += '"';
    field += c;
  }
  return field + '"';
}

/// Text of somebody else's choice: a spreadsheet that opens the file must not compute it
/// (https://owasp.org/www-community/attacks/CSV_Injection).
std::string text_field(std::string_view text) {
  const bool formula =
      !text.empty() && std::string_view("=+-@\t\r\n").find(text.front()) != std::string_view::npos;
  return csv_field((formula ? "'" : "") + std::string(text));
}

}  // namespace

Result<Json> usage_json(UsageTable& table, const UsageQuery& query, const std::string& currency) {
  TRY(check_groups(query.by));
  // Not the sum of the rows: by tag a job counts in several.
  UsageQuery all = query;
  all.by.clear();
  const std::vector<UsageSum> total = TRY(table.sums(all));
  const std::vector<UsageSum> sums = TRY(table.sums(query));
  Json json;
  put_sums(json["total"] = Json::object(), total.empty() ? UsageSum{} : total.front(), currency);
  Json& rows = json["rows"] = Json::array();
  for (const UsageSum& sum : sums) {
    LIMNER_CHECK(sum.group.size() == query.by.size(), "a value for each group");
    Json row = Json::object();
    for (size_t i = 0; i < query.by.size(); ++i) row[query.by[i]] = sum.group[i];
    put_sums(row, sum, currency);
    rows.push_back(std::move(row));
  }
  return json;
}

Result<std::string> usage_csv(UsageTable& table, const UsageQuery& query, const std::string& currency) {
  TRY(check_groups(query.by));
  const std::vector<UsageSum> sums = TRY(table.sums(query));
  std::string csv;
  for (const std::string& name : query.by) csv += name + ",";
  csv += "jobs,pictures,engine_seconds,pixels,bytes_stored,bytes_sent,cost,currency\r\n";
  for (const UsageSum& sum : sums) {
    LIMNER_CHECK(sum.group.size() == query.by.size(), "a value for each group");
    for (const std::string& value : sum.group) csv += text_field(value) + ",";
    // Seconds are written like money: exact millionths.
    csv += fmt::format("{},{},{},{},{},{},{},{}\r\n", sum.jobs, sum.pictures, money_text(sum.engine_us),
                       sum.pixels, sum.bytes_stored, sum.bytes_sent, money_text(sum.cost_micros),
                       text_field(currency));
  }
  return csv;
}

std::vector<int64_t> share_by_rows(int64_t total_us, const std::vector<int>& rows) {
  __extension__ using Wide = __int128;
  // Rows of nothing at all still have to be paid by somebody: then all alike.
  const bool all_zero = std::all_of(rows.begin(), rows.end(), [](int each) { return each <= 0; });
  const auto weight = [&](int each) { return all_zero ? 1 : int64_t(std::max(0, each)); };
  Wide sum = 0;
  for (const int each : rows) sum += weight(each);
  std::vector<int64_t> parts;
  Wide before = 0;
  int64_t given = 0;
  // Differences of rounded running sums: the last running sum is the whole.
  for (const int each : rows) {
    before += weight(each);
    const int64_t until_here = int64_t(total_us * before / sum);
    parts.push_back(until_here - given);
    given = until_here;
  }
  return parts;
}

}  // namespace limner
