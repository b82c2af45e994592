#pragma once
// One request and its answer, without redirects.

#include "net/connection_pool.h"
#include "net/http_client.h"

namespace limner {

/// Asked of the address of every socket before it connects. Null: every address may be connected to.
using AddressRule = bool (*)(std::string_view address);

/// Sends `request` (its redirects_max and reach are not looked at) and reads the answer within
/// `request.total_seconds`. Errors as those of HttpClient::send.
Result<HttpResponse> exchange(ConnectionPool& pool, const HttpRequest& request, AddressRule rule);

}  // namespace limner
