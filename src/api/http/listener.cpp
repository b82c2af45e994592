#include "api/http/listener.h"

#include <fmt/format.h>

#include <chrono>

#include "api/http/event_loop_native.h"
#include "api/http/socket_transport.h"
#include "api/http/tls_context.h"

namespace limner {
namespace {

using asio::ip::tcp;
// Out of descriptors or memory: those that are open must go first.
constexpr std::chrono::milliseconds kPauseAfterError(50);

Result<tcp::endpoint> endpoint_of(asio::io_context& context, const HttpConfig& config) {
  const auto port = static_cast<unsigned short>(config.port);
  SocketError error;
  const asio::ip::address address = asio::ip::make_address(config.address, error);
  if (!error) return tcp::endpoint(address, port);
  tcp::resolver resolver(context);
  const auto found = resolver.resolve(config.address, "", error);
  if (error || found.empty())
    return invalid("address", fmt::format("{} is no address of this machine", config.address));
  return tcp::endpoint(found.begin()->endpoint().address(), port);
}

std::string address_text(const tcp::socket& socket) {
  SocketError error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return {};
  const asio::ip::address address = peer.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

}  // namespace

struct Listener::Socket {
  explicit Socket(asio::io_context& context) : acceptor(context), pause(context) {}
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::unique_ptr<asio::ssl::context> tls;
  int port = 0;
};

Listener::Listener(std::vector<std::shared_ptr<EventLoop>> loops, Gate gate)
    : loops_(std::move(loops)),
      gate_(std::move(gate)),
      socket_(std::make_shared<Socket>(loops_.front()->native().context)) {}

Listener::~Listener() = default;

int Listener::port() const { return socket_->port; }

Result<void> Listener::open(const HttpConfig& config) {
  if (config.tls_certificate.empty() != config.tls_key.empty())
    return invalid("tls_key", "a certificate and its key go together");
  if (!config.tls_certificate.empty())
    socket_->tls = TRY(tls_context(config.tls_certificate, config.tls_key));
  const tcp::endpoint endpoint = TRY(endpoint_of(loops_.front()->native().context, config));
  tcp::acceptor& acceptor = socket_->acceptor;
  SocketError error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return Error{Code::unavailable, "address",
                 fmt::format("cannot listen on {}:{}: {}", config.address, config.port, error.message()),
                 "another program may have the port; port 0 lets the system choose"};
  socket_->port = acceptor.local_endpoint(error).port();
  accept_next();
  return {};
}

void Listener::accept_next() {
  const size_t loop = next_loop_++ % loops_.size();
  socket_->acceptor.async_accept(loops_[loop]->native().context, [this, loop, listener = socket_](
                                                                     SocketError error, tcp::socket socket) {
    if (!listener->acceptor.is_open()) return;
    if (error) {
      listener->pause.expires_after(kPauseAfterError);
      listener->pause.async_wait([this, listener](SocketError) {
        if (listener->acceptor.is_open()) accept_next();
      });
      return;
    }
    const std::string remote = address_text(socket);
    if (gate_.wanted(remote)) {
      socket.set_option(tcp::no_delay(true), error);
      gate_.take(loop,
                 listener->tls ? tls_transport(std::move(socket), *listener->tls)
                               : plain_transport(std::move(socket)),
                 remote);
    }
    accept_next();
  });
}

void Listener::close() {
  loops_.front()->post([listener = socket_] {
    SocketError ignored;
    listener->acceptor.close(ignored);
    listener->pause.cancel();
  });
}

}  // namespace limner
