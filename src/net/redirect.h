#pragma once
// Following an answer that says "look there".

#include <optional>

#include "net/exchange.h"

namespace limner {

/// The request that a redirect asks for, or nothing if `response` is none. Where `Location` leads to another
/// origin only headers that carry no credentials go along. `forbidden`: not http(s), or from https to http.
Result<std::optional<HttpRequest>> next_request(const HttpRequest& request, const HttpResponse& response);

/// exchange(), then up to request.redirects_max further ones; `rule` holds for each. All of them together
/// take no longer than request.total_seconds.
Result<HttpResponse> follow(ConnectionPool& pool, const HttpRequest& request, AddressRule rule);

}  // namespace limner
