#pragma once
// Where a webhook may go.

#include <string>
#include <string_view>

#include "base/result.h"

namespace limner {

/// Refuses, as `forbidden`, a URL whose host is an address that is not public, or "localhost". Names are
/// looked up, and their addresses checked, when the webhook is sent (Reach::public_only).
Result<void> check_webhook_target(const std::string& url, std::string_view field);

}  // namespace limner
