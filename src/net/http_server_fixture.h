#pragma once
// A small HTTP server on a port of the system's choice, for tests of what we send and of how we bear bad
// answers.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/http_client.h"

namespace limner {

/// A request as it came over the wire.
struct ReceivedRequest {
  std::string method, target, body;
  HttpResponse fields;  ///< only its headers, for header()

  std::string_view header(std::string_view name) const { return fields.header(name); }
};

/// The text of a whole answer with a Content-Length.
inline std::string http_answer(int status, std::string_view body, std::string_view more_headers = {}) {
  return "HTTP/1.1 " + std::to_string(status) + " Status\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(more_headers) + "\r\n" + std::string(body);
}

/// Listens on every address of this machine until it is destroyed. A thread for each connection calls
/// `handler` for each request; the connection stays open after it unless the handler closes it.
class HttpServerFixture {
 public:
  class Connection {
   public:
    Connection(int socket, const std::atomic<bool>& stopping) : socket_(socket), stopping_(stopping) {}
    /// False once the client is gone or the server ends.
    bool write(std::string_view text) {
      while (!text.empty() && !stopping_) {
        const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        text.remove_prefix(static_cast<size_t>(sent));
      }
      return !stopping_;
    }
    /// Waits until the client hangs up or the server ends.
    void wait_for_end() {
      while (!stopping_) {
        pollfd poll{socket_, POLLIN | POLLRDHUP, 0};
        if (::poll(&poll, 1, 20) > 0) return;
      }
    }
    void close() { closed_ = true; }
    bool open() const { return !closed_ && !stopping_; }

   private:
    int socket_;
    const std::atomic<bool>& stopping_;
    bool closed_ = false;
  };
  using Handler = std::function<void(const ReceivedRequest&, Connection&)>;

  explicit HttpServerFixture(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, generic, size), 0);
    EXPECT_EQ(::listen(listener_, 64), 0);
    EXPECT_EQ(::getsockname(listener_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
    accepting_ = std::jthread([this] { accept_all(); });
  }
  ~HttpServerFixture() {
    stopping_ = true;
    accepting_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    }
    threads_.clear();
    for (const int socket : sockets_) ::close(socket);
    ::close(listener_);
  }
  HttpServerFixture(const HttpServerFixture&) = delete;
  HttpServerFixture& operator=(const HttpServerFixture&) = delete;

  int port() const { return port_; }
  int connections() const { return connections_; }
  Url url(const std::string& path = "/", const std::string& host = "127.0.0.1") const {
    return parse_url("http://" + host + ":" + std::to_string(port_) + path, "url").value();
  }

 private:
  void accept_all() {
    while (!stopping_) {
      pollfd poll{listener_, POLLIN, 0};
      if (::poll(&poll, 1, 20) <= 0) continue;
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) continue;
      ++connections_;
      const std::lock_guard lock(mutex_);
      sockets_.push_back(socket);
      threads_.emplace_back([this, socket] { serve(socket); });
    }
  }

  void serve(int socket) {
    Connection connection(socket, stopping_);
    std::string received;
    while (connection.open()) {
      const std::optional<ReceivedRequest> request = read_request(socket, received);
      if (!request) break;
      handler_(*request, connection);
    }
    ::shutdown(socket, SHUT_RDWR);
  }

  static bool receive_more(int socket, std::string& received) {
    char buffer[16384];
    const ssize_t got = ::recv(socket, buffer, sizeof(buffer), 0);
    if (got > 0) received.append(buffer, static_cast<size_t>(got));
    return got > 0;
  }

  // The next request; `received` keeps what came beyond it.
  static std::optional<ReceivedRequest> read_request(int socket, std::string& received) {
    size_t end = 0;
    while ((end = received.find("\r\n\r\n")) == received.npos)
      if (!receive_more(socket, received)) return std::nullopt;
    ReceivedRequest request;
    const std::string head = received.substr(0, end + 2);
    const size_t first_space = head.find(' '), line_end = head.find("\r\n");
    request.method = head.substr(0, first_space);
    request.target = head.substr(first_space + 1, head.rfind(' ', line_end) - first_space - 1);
    for (size_t from = line_end + 2; from < head.size();) {
      const size_t colon = head.find(':', from), stop = head.find("\r\n", from);
      const size_t value = std::min(head.find_first_not_of(' ', colon + 1), stop);
      request.fields.headers.emplace_back(head.substr(from, colon - from), head.substr(value, stop - value));
      from = stop + 2;
    }
    size_t length = 0;
    const std::string_view text = request.header("content-length");
    std::from_chars(text.data(), text.data() + text.size(), length);
    received.erase(0, end + 4);
    while (received.size() < length)
      if (!receive_more(socket, received)) return std::nullopt;
    request.body = received.substr(0, length);
    received.erase(0, length);
    return request;
  }

  Handler handler_;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> connections_ = 0;
  std::mutex mutex_;
  std::vector<int> sockets_;
  std::vector<std::jthread> threads_;
  std::jthread accepting_;
};

}  // namespace limner
