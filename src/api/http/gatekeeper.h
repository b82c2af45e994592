#pragma once
// What is asked of a request before any byte of its body is read: that there is such a route, that its caller
// may use it, and often enough, and that the body will be one it takes.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "api/http/authentication.h"
#include "api/http/refusal.h"
#include "api/http/request_head.h"
#include "api/http/router.h"
#include "api/http_server.h"
#include "api/rate_limiter.h"
#include "base/metrics.h"

namespace limner {

/// Thread-safe.
class Gatekeeper {
 public:
  Gatekeeper(const HttpConfig& config, Services& services, std::span<const Route* const> routes);

  using Verdict = std::optional<Refusal>;  ///< nothing: the request may go on

  RouteMatch match(const RequestHead& head) const { return router_.match(head.method, head.path_segments); }
  /// 404 or 405 for what leads to no route.
  static Verdict check_route(const RouteMatch& match);

  /// Who is asking, as far as that can be said without waiting.
  struct Identity {
    std::shared_ptr<const KeyHolder> holder;  ///< absent: a stranger, on an open route
    Verdict refusal;
    bool ask_ledger = false;    ///< not known yet: call look_up(secret_sha256) where waiting is allowed
    std::string secret_sha256;  ///< empty: there is no key, and strangers act as "default"
  };
  Identity identify(const RequestHead& head, const Route& route, const std::string& remote);
  /// May wait for the ledger.
  Identity look_up(const std::string& secret_sha256, const Route& route, const std::string& remote);

  /// Scope and rates of the caller. `headers` gets what every answer tells of rates.
  Verdict check_caller(const KeyHolder& holder, const Route& route,
                       std::vector<std::pair<std::string, std::string>>& headers);
  /// Length and type of the body.
  static Verdict check_body(const RequestHead& head, const Route& route);

 private:
  Identity settle(Result<std::shared_ptr<const KeyHolder>> found, const Route& route,
                  const std::string& remote);
  Verdict turn_away(Error error, const std::string& remote);
  static Refusal too_often(Counter& counted, std::string what, double retry_seconds);

  const HttpConfig& config_;
  const Clock& clock_;
  Router router_;
  Authenticator authenticator_;
  RateLimiter rates_, failures_;
  Counter &too_many_, &too_many_wrong_;
};

}  // namespace limner
