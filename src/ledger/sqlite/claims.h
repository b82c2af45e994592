#pragma once
// What an open job holds of its tenant's and its key's limits.

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "ledger/sqlite/connection.h"
#include "ledger/usage.h"

namespace limner::sqlite {

/// A place among the concurrent jobs, money set aside, pictures counted on a day.
struct Claim {
  std::string tenant, api_key;
  int64_t reserved_micros = 0;
  int pictures = 0;
  int64_t day = 0;  ///< calendar.h
};

/// Checks the limits of tenant and key at `now` and takes the claim. `exhausted` with the limit's name as
/// field and, as hint, when it is over.
Result<void> take_claim(Connection& db, const Claim& claim, TimeUs now);

/// Gives the claim back, but for `pictures_drawn` that stay counted.
Result<void> give_back_claim(Connection& db, const Claim& claim, int pictures_drawn);

/// What a tenant or a key holds and has used. Money set aside counts whatever month it was set aside in: it
/// may be spent in this one.
Result<Spending> spending_of(Connection& db, std::string_view subject, TimeUs now);

}  // namespace limner::sqlite
