#pragma once
// HTTP/1.1 from the socket on: connections, limits, TLS; hands whole requests to the routes.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "api/route.h"
#include "api/services.h"
#include "base/result.h"
#include "base/trace.h"

namespace limner {

struct HttpConfig {
  std::string address = "127.0.0.1";
  int port = 8080;                                 ///< 0: the system chooses
  std::filesystem::path tls_certificate, tls_key;  ///< PEM; both or none
  int io_threads = 1;
  int handler_threads = 4;  ///< where handlers run: they may wait for the ledger
  size_t header_bytes_max = 32u << 10;
  size_t connections_max = 4096;  ///< further ones are closed at once
  size_t connections_per_address_max = 4096;
  /// Of all bodies being read or handled, and as many again of streams and large answers being sent; above:
  /// 503.
  size_t bytes_in_flight_max = 512u << 20;
  double header_seconds = 10;     ///< for the whole head, from its first byte
  double body_seconds_base = 10;  ///< for a body: this, and
  double body_bytes_per_second =
      32'768;                 ///< its length at this rate; an answer likewise, after write_seconds
  double idle_seconds = 75;   ///< a kept-alive connection without a request
  double write_seconds = 60;  ///< without progress of an answer
  bool allow_anonymous =
      false;  ///< requests without a key act as the tenant "default": for one's own machine
  int failed_keys_per_minute = 300;  ///< requests of one address without a valid key; further ones: 429
  std::string cors_origin;           ///< Access-Control-Allow-Origin; empty: none
};

/// Reads the key (Authorization: Bearer, or Basic with the key as password), the route, the scope and the
/// size it allows before any byte of a body. Every answer carries x-request-id and traceparent; every request
/// is counted, timed, logged (path template, status, caller's key id; no query values, no bodies).
class HttpServer {
 public:
  HttpServer(const HttpConfig& config, Services& services, SpanSink& spans,
             std::span<const Route* const> routes = all_routes());
  ~HttpServer();
  /// Binds and begins. `unavailable` if the address is taken.
  Result<void> start();
  int port() const;
  /// Stops accepting, lets requests in work be answered for `seconds`, closes idle connections.
  void drain(double seconds);

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace limner
