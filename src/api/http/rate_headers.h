#pragma once
// How clients are told of rate limits.

#include <string>
#include <utility>
#include <vector>

#include "api/rate_limiter.h"

namespace limner {

/// x-ratelimit-{limit,remaining,reset}-requests as OpenAI sends them, of whichever verdict leaves less;
/// RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10) of each. Nothing of verdicts
/// without a limit.
void add_rate_headers(const RateVerdict& key, const RateVerdict& tenant,
                      std::vector<std::pair<std::string, std::string>>& headers);

/// "250ms", "1s", "6m0s", "1h0m0s", as OpenAI writes a duration.
std::string duration_text(double seconds);

}  // namespace limner
