#pragma once
// Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the same request twice is one job.

#include <optional>

#include "api/request.h"
#include "api/services.h"
#include "ledger/jobs.h"

namespace limner {

/// What the request's Idempotency-Key means for a job of its caller on `route`; nothing without the header.
/// `invalid` with field "Idempotency-Key" for an empty, overlong or unprintable one. Kept for a day.
Result<std::optional<Idempotency>> idempotency_of(const Services& services, const Request& request,
                                                  std::string_view route);

/// A digest that is the same for requests that mean the same: JSON whatever the order of its keys, a form
/// whatever its boundary.
Result<std::string> body_fingerprint(const Request& request);

}  // namespace limner
