#include "net/http_client.h"

#include <strings.h>

#include "net/redirect.h"

namespace limner {

struct HttpClient::Pool {
  ConnectionPool connections;
};

HttpClient::HttpClient() : pool_(std::make_unique<Pool>()) {}
HttpClient::~HttpClient() = default;

Result<HttpResponse> HttpClient::send(const HttpRequest& request) {
  return follow(pool_->connections, request,
                request.reach == Reach::public_only ? is_public_address : nullptr);
}

std::string_view HttpResponse::header(std::string_view name) const {
  for (const auto& [own, value] : headers)
    if (own.size() == name.size() && ::strncasecmp(own.data(), name.data(), name.size()) == 0) return value;
  return {};
}

}  // namespace limner
