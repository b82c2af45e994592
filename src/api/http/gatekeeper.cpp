#include "api/http/gatekeeper.h"

#include <fmt/format.h>

#include <cmath>

#include "api/http/header_text.h"
#include "api/http/rate_headers.h"
#include "jobs/refusal_counter.h"

namespace limner {
namespace {

constexpr size_t kRateNamesMax = 20'000;

Scope scope_of(Access access) {
  switch (access) {
    case Access::draw:
      return Scope::draw;
    case Access::review:
      return Scope::review;
    case Access::admin:
      return Scope::admin;
    case Access::open:
    case Access::read:
    case Access::read_or_signature:
      return Scope::read;
  }
  return Scope::admin;
}

bool takes_type(std::string_view accepted, const std::string& type) { return list_contains(accepted, type); }

}  // namespace

Gatekeeper::Gatekeeper(const HttpConfig& config, Services& services, std::span<const Route* const> routes)
    : config_(config),
      clock_(services.clock),
      router_(routes),
      authenticator_(services.ledger, services.clock),
      rates_(kRateNamesMax),
      failures_(kRateNamesMax),
      too_many_(refusal_counter(services.metrics).with({"requests_per_minute"})),
      too_many_wrong_(refusal_counter(services.metrics).with({"failed_keys_per_minute"})) {}

Refusal Gatekeeper::too_often(Counter& counted, std::string what, double retry_seconds) {
  counted.add();
  const double seconds = std::max(retry_seconds, 0.001);
  Error error{Code::exhausted, "requests_per_minute", std::move(what),
              fmt::format("retry after {:.0f} s", std::ceil(seconds))};
  return {429,
          std::move(error),
          {{"Retry-After", fmt::format("{:.0f}", std::ceil(seconds))},
           {"retry-after-ms", fmt::format("{:.0f}", std::ceil(seconds * 1000))}}};
}

Gatekeeper::Verdict Gatekeeper::check_route(const RouteMatch& match) {
  if (match.route != nullptr) return {};
  if (match.allowed.empty()) return Refusal{404, not_found("path", "there is nothing here", "see /docs")};
  const std::string allowed = fmt::format("{}", fmt::join(match.allowed, ", "));
  return Refusal{405, invalid("method", fmt::format("this path takes {}", allowed)), {{"Allow", allowed}}};
}

// Whoever sends wrong keys is slowed down by address, so that guessing and flooding cost us no queries.
Gatekeeper::Verdict Gatekeeper::turn_away(Error error, const std::string& remote) {
  const RateVerdict rate =
      failures_.take(network_of(remote), config_.failed_keys_per_minute, clock_.steady());
  if (!rate.allowed)
    return too_often(too_many_wrong_, "too many requests without a valid key", rate.retry_seconds);
  const int status = error.code == Code::unauthenticated ? 401 : error.code == Code::forbidden ? 403 : 503;
  if (status == 503) error = {Code::unavailable, {}, "keys cannot be checked now", "retry after 1 s"};
  return Refusal{status, std::move(error)};
}

Gatekeeper::Identity Gatekeeper::settle(Result<std::shared_ptr<const KeyHolder>> found, const Route& route,
                                        const std::string& remote) {
  Identity identity;
  if (found) {
    const Result<void> checked = authenticator_.check(*found.value());
    if (checked)
      identity.holder = found.value();
    else
      found = checked.error();
  }
  if (!found && route.access.value != Access::open) identity.refusal = turn_away(found.error(), remote);
  return identity;
}

Gatekeeper::Identity Gatekeeper::identify(const RequestHead& head, const Route& route,
                                          const std::string& remote) {
  const std::string_view authorization = head.header("authorization");
  const Access access = route.access.value;
  const bool signed_url =
      access == Access::read_or_signature &&
      std::ranges::any_of(head.query, [](const auto& pair) { return pair.first == "signature"; });
  if (authorization.empty() && (access == Access::open || signed_url)) return {};

  const auto key = key_in_authorization(authorization);
  if (!key) return settle(key.error(), route, remote);
  Identity identity;
  if (key.value()) {
    identity.secret_sha256 = secret_sha256(*key.value());
    if (auto holder = authenticator_.fresh(identity.secret_sha256)) return settle(holder, route, remote);
    const RateVerdict rate =
        failures_.look(network_of(remote), config_.failed_keys_per_minute, clock_.steady());
    if (!rate.allowed && !authenticator_.known(identity.secret_sha256)) {
      identity.refusal =
          too_often(too_many_wrong_, "too many requests without a valid key", rate.retry_seconds);
      return identity;
    }
  } else {
    if (!config_.allow_anonymous)
      return settle(Error{Code::unauthenticated, "Authorization", "a key is needed",
                          "send Authorization: Bearer KEY, or Basic with the key as password"},
                    route, remote);
    if (auto holder = authenticator_.fresh_anonymous()) return settle(holder, route, remote);
  }
  identity.ask_ledger = true;
  return identity;
}

Gatekeeper::Identity Gatekeeper::look_up(const std::string& secret_sha256, const Route& route,
                                         const std::string& remote) {
  return settle(secret_sha256.empty() ? authenticator_.anonymous() : authenticator_.look_up(secret_sha256),
                route, remote);
}

Gatekeeper::Verdict Gatekeeper::check_caller(const KeyHolder& holder, const Route& route,
                                             std::vector<std::pair<std::string, std::string>>& headers) {
  const TimeUs now = clock_.steady();
  const RateVerdict key = rates_.take(holder.key.id, holder.key.limits.requests_per_minute.value_or(-1), now);
  const int tenant_limit = holder.tenant.limits.requests_per_minute.value_or(-1);
  const RateVerdict tenant = key.allowed ? rates_.take(holder.tenant.id, tenant_limit, now)
                                         : rates_.look(holder.tenant.id, tenant_limit, now);
  add_rate_headers(key, tenant, headers);
  if (!key.allowed)
    return too_often(too_many_, fmt::format("this key may make {} requests a minute", key.limit),
                     key.retry_seconds);
  if (!tenant.allowed)
    return too_often(too_many_, fmt::format("this tenant may make {} requests a minute", tenant.limit),
                     tenant.retry_seconds);
  const Scope scope = scope_of(route.access.value);
  if (route.access.value != Access::open && !holder.key.allows(scope))
    return Refusal{
        403, Error{Code::forbidden, "scope",
                   fmt::format("this key may not do that: it needs the scope \"{}\"", scope_name(scope)),
                   "use another key, or ask the operator"}};
  return {};
}

Gatekeeper::Verdict Gatekeeper::check_body(const RequestHead& head, const Route& route) {
  const bool has_body = head.chunked || head.content_length.value_or(0) > 0;
  if (!has_body) return {};
  const size_t bytes_max = route.body_bytes_max.value;
  if (head.content_length.value_or(0) > bytes_max || bytes_max == 0)
    return Refusal{
        413, Error{Code::too_large,
                   "body",
                   bytes_max == 0 ? std::string("no body is taken here")
                                  : fmt::format("more than the {} bytes that are taken here", bytes_max),
                   {}}};
  if (!head.header("content-encoding").empty() && lower_case(head.header("content-encoding")) != "identity")
    return Refusal{415, unsupported("Content-Encoding", "bodies are taken as they are, not compressed")};
  const std::string type = media_type(head.header("content-type"));
  if (!type.empty() && !takes_type(route.body_type, type))
    return Refusal{415, unsupported("Content-Type", fmt::format("{} is wanted here", route.body_type))};
  return {};
}

}  // namespace limner
