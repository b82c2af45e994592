#pragma once
// Requests that Limner itself makes: to object stores, model hubs, webhooks, providers, collectors.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/url.h"

namespace limner {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// Which addresses a request may go to.
enum class Reach {
  anywhere,     ///< the operator's own configuration said so
  public_only,  ///< a stranger named the URL: loopback, private, link-local, multicast, carrier-grade NAT and
                ///< the like are refused, asked of every resolved address, and the address asked about is the
                ///< one connected to
};

struct HttpRequest {
  std::string method = "GET";
  Url url;
  Headers headers;
  std::string_view body;
  double connect_seconds = 5, total_seconds = 60;
  size_t response_bytes_max = 64u << 20;  ///< more is `too_large`
  int redirects_max = 0;  ///< each is held against `reach` again; credentials stay behind on another host
  Reach reach = Reach::anywhere;
  /// Instead of collecting the body: called with pieces as they come; false stops with `cancelled`. Only for
  /// 2xx answers; the body of any other is collected.
  std::function<bool(std::string_view)> on_data;
  /// Asked several times a second; true stops with `cancelled`.
  std::function<bool()> stop;
};

struct HttpResponse {
  int status = 0;
  Headers headers;
  std::string body;
  double seconds = 0;

  /// The first header of that name, case-insensitive; empty if absent.
  std::string_view header(std::string_view name) const;
};

/// Makes requests over a pool of connections. Thread-safe. No answer at all is `unavailable` (or `deadline`,
/// `forbidden` by reach); any status is an answer. TLS certificates are verified. The environment's proxies
/// (https_proxy and its kin) are used, but not for public_only.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  Result<HttpResponse> send(const HttpRequest& request);

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

/// Whether `address` (IPv4 or IPv6 in text) is one that public_only allows: global unicast, and for IPv6
/// addresses that carry an IPv4 one (mapped, 6to4, NAT64) that one too.
bool is_public_address(std::string_view address);

/// How long to wait before attempt `attempt` (1: the first retry): exponential from `first` to `longest`
/// seconds with full jitter.
double backoff_seconds(int attempt, double first, double longest);

}  // namespace limner
