#pragma once
// Takes connections in and spreads them over the loops.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/http/event_loop.h"
#include "api/http/transport.h"
#include "api/http_server.h"

namespace limner {

/// Accepts on the first loop's thread. Not thread-safe but where it says so.
class Listener {
 public:
  /// Called on the first loop's thread with whom a connection is from, and the loop that it belongs to.
  /// Returns whether it is wanted; then `take` gets it.
  struct Gate {
    std::function<bool(const std::string& remote)> wanted;
    std::function<void(size_t loop, std::unique_ptr<Transport> transport, const std::string& remote)> take;
  };
  Listener(std::vector<std::shared_ptr<EventLoop>> loops, Gate gate);
  ~Listener();
  /// Binds and listens; accepting begins when the loops run. `unavailable` if the address is taken, `invalid`
  /// for an address or a TLS file that cannot be used.
  Result<void> open(const HttpConfig& config);
  int port() const;
  /// Thread-safe; the loops must run, or have ended.
  void close();

 private:
  struct Socket;
  void accept_next();
  std::vector<std::shared_ptr<EventLoop>> loops_;
  Gate gate_;
  std::shared_ptr<Socket> socket_;
  size_t next_loop_ = 0;
};

}  // namespace limner
