#include "meter/prices.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace limner {

namespace {

// 64 bits times 64 bits fit; everything that is larger saturates.
__extension__ using Wide = __int128;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int kDecimals = 6;

int64_t saturated(Wide value) { return int64_t(std::clamp<Wide>(value, 0, kMost)); }

/// quantity * rate / unit, rounded up. Nothing negative costs anything.
int64_t part(uint64_t quantity, int64_t rate, int64_t unit) {
  if (rate <= 0) return 0;
  return saturated((Wide(quantity) * rate + unit - 1) / unit);
}

/// The tier's factor as a whole number of millionths, so that sums do not depend on rounding of fractions.
int64_t factor_micros(const PriceTable& prices, int tier) {
  const double factor = tier >= 0 && tier < 3 ? prices.tier_factors[tier] : 1;
  if (!(factor > 0)) return 0;
  return int64_t(std::min(factor * double(kMicrosPerUnit), 1e15) + 0.5);
}

uint64_t not_negative(int64_t value) { return value < 0 ? 0 : uint64_t(value); }

Error not_money(std::string_view text, std::string_view field) {
  return invalid(std::string(field),
                 fmt::format("'{}' is not an amount such as 12.5 with at most {} decimals, below {}",
                             text.substr(0, 40), kDecimals, kMost / kMicrosPerUnit));
}

}  // namespace

const Rate& PriceTable::rate(const std::string& model) const {
  const auto own = models.find(model);
  return own == models.end() ? standard : own->second;
}

int64_t cost_micros(const PriceTable& prices, const std::string& model, int tier, const Quantities& used) {
  const Rate& rate = prices.rate(model);
  const int64_t factor = factor_micros(prices, tier);
  const auto priced = [&](uint64_t quantity, int64_t price, int64_t unit) -> Wide {
    return part(uint64_t(part(quantity, price, unit)), factor, kMicrosPerUnit);
  };
  return saturated(priced(not_negative(used.engine_us), rate.engine_second, 1'000'000) +
                   priced(not_negative(used.pictures), rate.picture, 1) +
                   priced(not_negative(used.pixels), rate.megapixel, 1'000'000) +
                   priced(used.bytes_stored, rate.gigabyte_stored, 1'000'000'000) +
                   priced(used.bytes_sent, rate.gigabyte_sent, 1'000'000'000));
}

Result<int64_t> parse_money(std::string_view text, std::string_view field) {
  const size_t point = text.find('.');
  const std::string_view units = text.substr(0, point);
  const std::string_view decimals = point == text.npos ? std::string_view() : text.substr(point + 1);
  const auto digits = [](std::string_view part) {
    return std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  // 13 digits of units are the most that 63 bits of millionths hold.
  if (units.empty() || units.size() > 13 || !digits(units) || decimals.size() > kDecimals ||
      !digits(decimals) || (point != text.npos && decimals.empty()))
    return not_money(text, field);
  Wide micros = 0;
  for (const char digit : units) micros = micros * 10 + (digit - '0');
  for (int i = 0; i < kDecimals; ++i)
    micros = micros * 10 + (size_t(i) < decimals.size() ? decimals[size_t(i)] - '0' : 0);
  if (micros > kMost) return not_money(text, field);
  return int64_t(micros);
}

std::string money_text(int64_t micros) {
  const uint64_t size = micros < 0 ? uint64_t(0) - uint64_t(micros) : uint64_t(micros);
  std::string text =
      fmt::format("{}{}.{:06}", micros < 0 ? "-" : "", size / kMicrosPerUnit, size % kMicrosPerUnit);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace limner
