#pragma once
// Automatic retries of OpenAI's clients, which send no idempotency key: recognised by who sends what again.

#include <optional>

#include "api/request.h"
#include "api/services.h"
#include "ledger/jobs.h"

namespace limner {

/// What this request is remembered by: the caller's key, the route and a digest of what is said (of a form,
/// its parts: the boundary differs every time). A first attempt is a new request even if the same was said a
/// minute ago; a retry (the header x-stainless-retry-count above 0) is the one before. An Idempotency-Key
/// header is taken at its word.
Result<Idempotency> repeated_request(const Services& services, const Request& request);

/// Whether the client says that it sends this again.
bool is_retry(const Request& request);

}  // namespace limner
