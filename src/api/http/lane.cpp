#include "api/http/lane.h"

#include <vector>

namespace limner {
namespace {

constexpr double kTickSeconds = 0.2;

}  // namespace

Lane::Lane(ServerParts& parts, OpenConnections& open) : parts_(parts), open_(open) {
  loop_->every(kTickSeconds, [this] {
    for (const auto& connection : connections_) connection->tick();
  });
}

void Lane::run() {
  thread_ = std::thread([this] { loop_->run(); });
}

void Lane::take(std::unique_ptr<Transport> transport, const std::string& remote) {
  loop_->post([this, remote, shared = std::make_shared<std::unique_ptr<Transport>>(std::move(transport))] {
    serve(std::move(*shared), remote);
  });
}

void Lane::serve(std::unique_ptr<Transport> transport, const std::string& remote) {
  if (draining_) {
    transport->close();
    return open_.leave(remote);
  }
  auto connection = std::make_shared<Connection>(parts_, loop_, std::move(transport), remote);
  connections_.insert(connection);
  connection->start([this, remote, weak = std::weak_ptr(connection)] {
    open_.leave(remote);
    // Whoever closes it may be going through the set.
    loop_->post([this, weak] { connections_.erase(weak.lock()); });
  });
}

void Lane::drain() {
  loop_->post([this] {
    draining_ = true;
    for (const auto& connection : connections_) connection->drain();
  });
}

void Lane::stop() {
  if (!thread_.joinable()) return;
  loop_->post([this] {
    draining_ = true;
    for (const auto& connection : connections_) connection->close();
    loop_->post([this] { loop_->stop(); });  // after what the closing posted
  });
  thread_.join();
  connections_.clear();
}

}  // namespace limner
