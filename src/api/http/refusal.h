#pragma once
// A request that the server answers itself, before any handler.

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace limner {

/// Status codes that no Code stands for (405, 411, 414, 415, 417, 431, 501, 505) are why this is not just an
/// Error.
struct Refusal {
  int status = 400;
  Error error;
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< Allow, WWW-Authenticate, Retry-After
};

}  // namespace limner
