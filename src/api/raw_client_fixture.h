#pragma once
// A client that sends exactly the bytes it is told to, for tests of a server.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <string>
#include <string_view>

namespace limner {

struct RawAnswer {
  int status = 0;  ///< 0: the connection ended first
  std::string head, body;

  /// "" if absent; `name` in lower case.
  std::string header(std::string_view name) const {
    std::string lower = head;
    for (char& c : lower) c = static_cast<char>(std::tolower(c));
    const size_t at = lower.find("\r\n" + std::string(name) + ": ");
    if (at == lower.npos) return {};
    const size_t from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

class RawClient {
 public:
  static constexpr int kPatienceMs = 10'000;

  explicit RawClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~RawClient() { close(); }
  RawClient(RawClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), input_(std::move(other.input_)) {}

  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  /// False once the server does not take any more.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  /// Whether something comes, or the end, within the patience.
  bool receive(int patience_ms = kPatienceMs) {
    pollfd poll{socket_, POLLIN, 0};
    if (::poll(&poll, 1, patience_ms) <= 0) return false;
    char buffer[65536];
    const ssize_t got = ::recv(socket_, buffer, sizeof(buffer), 0);
    if (got > 0) input_.append(buffer, static_cast<size_t>(got));
    ended_ = got <= 0;
    return true;
  }
  /// Whether the server closes within the patience.
  bool ends(int patience_ms = kPatienceMs) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
    while (!ended_ && std::chrono::steady_clock::now() < until) receive(100);
    return ended_;
  }
  /// Reads until `text` has come; false if the connection ends or the patience does.
  bool wait_for(std::string_view text) {
    while (input_.find(text) == input_.npos)
      if (ended_ || !receive()) return false;
    return true;
  }
  /// The next answer, its body by Content-Length, chunks or the end. `bodiless`: it answers HEAD.
  RawAnswer answer(bool bodiless = false) {
    RawAnswer answer;
    if (!wait_for("\r\n\r\n")) return answer;
    const size_t end = input_.find("\r\n\r\n") + 4;
    answer.head = input_.substr(0, end);
    input_.erase(0, end);
    std::from_chars(answer.head.data() + 9, answer.head.data() + 12, answer.status);
    if (bodiless || answer.status < 200 || answer.status == 204 || answer.status == 304) return answer;
    if (answer.header("transfer-encoding") == "chunked") {
      read_chunks(answer.body);
      return answer;
    }
    const std::string length = answer.header("content-length");
    size_t size = 0;
    std::from_chars(length.data(), length.data() + length.size(), size);
    while (input_.size() < size && !ended_ && receive()) {
    }
    answer.body = input_.substr(0, size);
    input_.erase(0, std::min(size, input_.size()));
    return answer;
  }
  std::string& input() { return input_; }

 private:
  void read_chunks(std::string& body) {
    for (;;) {
      if (!wait_for("\r\n")) return;
      size_t size = 0;
      std::from_chars(input_.data(), input_.data() + input_.size(), size, 16);
      input_.erase(0, input_.find("\r\n") + 2);
      while (input_.size() < size + 2 && !ended_ && receive()) {
      }
      body += input_.substr(0, size);
      input_.erase(0, std::min(size + 2, input_.size()));
      if (size == 0) return;
    }
  }

  int socket_;
  std::string input_;
  bool ended_ = false;
};

}  // namespace limner
