#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "base/crypto.h"
#include "net/http_client.h"

namespace limner {

double backoff_seconds(int attempt, double first, double longest) {
  const double ceiling = std::min(longest, first * std::exp2(std::clamp(attempt - 1, 0, 60)));
  // Full jitter: many who failed together must not come back together.
  uint32_t random = 0;
  std::memcpy(&random, random_bytes(sizeof(random)).data(), sizeof(random));
  return ceiling * (random / 4294967296.0);
}

}  // namespace limner
