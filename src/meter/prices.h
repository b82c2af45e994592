#pragma once
// What things cost. Money is whole millionths of the currency: sums are exact.

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"

namespace limner {

/// Money is counted in these: so many are one unit of the currency.
inline constexpr int64_t kMicrosPerUnit = 1'000'000;

/// Prices of one model in one tier; all are millionths of the currency.
struct Rate {
  int64_t engine_second = 0;  ///< a second of the engine's time
  int64_t picture = 0;
  int64_t megapixel = 0;
  int64_t gigabyte_stored = 0;  ///< once, when it is stored
  int64_t gigabyte_sent = 0;
};

/// [prices] of the configuration: a default, per model, factors per tier.
struct PriceTable {
  std::string currency = "EUR";
  Rate standard;
  std::map<std::string, Rate> models;
  double tier_factors[3] = {1, 1, 1};

  const Rate& rate(const std::string& model) const;
};

/// What was used.
struct Quantities {
  int64_t engine_us = 0;
  int pictures = 0;
  int64_t pixels = 0;
  uint64_t bytes_stored = 0, bytes_sent = 0;
};
/// Each part rounded up to a whole millionth; never negative, saturating.
int64_t cost_micros(const PriceTable& prices, const std::string& model, int tier, const Quantities& used);

/// "12.5" or "0.000001" -> millionths; more than 6 decimals, signs, other text are `invalid`. And back,
/// without trailing zeros.
Result<int64_t> parse_money(std::string_view text, std::string_view field);
std::string money_text(int64_t micros);

}  // namespace limner
