#pragma once
// Webhooks as https://www.standardwebhooks.com has them: who sent it, and when it is tried again.

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace limner {

/// "v1,BASE64" signatures (HMAC-SHA-256 of "ID.SECONDS.BODY") of a message for each of the tenant's secrets
/// ("whsec_BASE64", several by space while they are being changed), by space. A secret that is none is left
/// out.
std::string webhook_signature(std::string_view secrets, std::string_view id, TimeUs timestamp,
                              std::string_view body);
/// Seconds before attempt `attempt` (1: the first retry), by the convention's table; nothing after the last.
std::optional<double> webhook_retry_seconds(int attempt);

/// The convention wants bodies below 20 kB: of a longer one as many pictures are left out at the end as must
/// be, and "pictures_left_out" says how many; the job itself has them all.
std::string bounded_webhook_body(const std::string& body);

}  // namespace limner
