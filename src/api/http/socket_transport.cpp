#include "api/http/socket_transport.h"

#include <array>

namespace limner {
namespace {

using Buffers = std::array<asio::const_buffer, 2>;

Buffers buffers(std::string_view first, std::string_view second) {
  return {asio::buffer(first.data(), first.size()), asio::buffer(second.data(), second.size())};
}

auto told(Transport::Done done) {
  return [done = std::move(done)](const SocketError& error, size_t bytes) { done(!error, bytes); };
}

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

  void handshake(std::function<void(bool)> done) override {
    asio::post(socket_.get_executor(), [done = std::move(done)] { done(true); });
  }
  void read_some(char* data, size_t size, Done done) override {
    socket_.async_read_some(asio::buffer(data, size), told(std::move(done)));
  }
  void write_some(std::string_view first, std::string_view second, Done done) override {
    socket_.async_write_some(buffers(first, second), told(std::move(done)));
  }
  void finish_sending() override {
    SocketError ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }
  void close() override {
    SocketError ignored;
    socket_.close(ignored);
  }

 private:
  asio::ip::tcp::socket socket_;
};

class TlsTransport final : public Transport {
  using Stream = asio::ssl::stream<asio::ip::tcp::socket>;

 public:
  TlsTransport(asio::ip::tcp::socket socket, asio::ssl::context& context)
      : stream_(std::make_shared<Stream>(std::move(socket), context)) {}

  void handshake(std::function<void(bool)> done) override {
    stream_->async_handshake(asio::ssl::stream_base::server,
                             [done = std::move(done)](const SocketError& error) { done(!error); });
  }
  void read_some(char* data, size_t size, Done done) override {
    stream_->async_read_some(asio::buffer(data, size), told(std::move(done)));
  }
  // One of the two at a time: TLS copies into records, and gathers nothing.
  void write_some(std::string_view first, std::string_view second, Done done) override {
    const std::string_view next = first.empty() ? second : first;
    stream_->async_write_some(asio::buffer(next.data(), next.size()), told(std::move(done)));
  }
  void finish_sending() override {
    // The close_notify is written at once where the socket has room; the peer's is not waited for.
    SSL_set_shutdown(stream_->native_handle(), SSL_RECEIVED_SHUTDOWN);
    stream_->async_shutdown([stream = stream_](const SocketError&) {});
  }
  void close() override {
    SocketError ignored;
    stream_->lowest_layer().close(ignored);
  }

 private:
  std::shared_ptr<Stream> stream_;  // shared with a shutdown that is still under way
};

}  // namespace

std::unique_ptr<Transport> plain_transport(asio::ip::tcp::socket socket) {
  return std::make_unique<PlainTransport>(std::move(socket));
}

std::unique_ptr<Transport> tls_transport(asio::ip::tcp::socket socket, asio::ssl::context& context) {
  return std::make_unique<TlsTransport>(std::move(socket), context);
}

}  // namespace limner
