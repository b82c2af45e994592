#pragma once
// A loop, its thread, and the connections that live on it.

#include <memory>
#include <string>
#include <thread>
#include <unordered_set>

#include "api/http/connection.h"
#include "api/http/open_connections.h"

namespace limner {

/// run(), drain() and stop() are for the thread that owns it; take() may be called from any.
class Lane {
 public:
  Lane(ServerParts& parts, OpenConnections& open);
  ~Lane() { stop(); }
  const std::shared_ptr<EventLoop>& loop() const { return loop_; }
  void run();
  /// Serves a client that open.enter(remote) let in.
  void take(std::unique_ptr<Transport> transport, const std::string& remote);
  /// Idle connections are closed, the others after their answers.
  void drain();
  /// Closes all connections and ends the thread.
  void stop();

 private:
  void serve(std::unique_ptr<Transport> transport, const std::string& remote);

  ServerParts& parts_;
  OpenConnections& open_;
  std::shared_ptr<EventLoop> loop_ = std::make_shared<EventLoop>();
  std::unordered_set<std::shared_ptr<Connection>> connections_;  // used on the loop's thread
  bool draining_ = false;                                        // likewise
  std::thread thread_;
};

}  // namespace limner
