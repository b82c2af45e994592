#pragma once
// One request's answer on its way from any thread to the connection's.

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/http/byte_budget.h"
#include "api/http/event_loop.h"
#include "api/http/handler_pool.h"
#include "api/reply.h"
#include "base/log.h"

namespace limner {

/// The connection as an exchange sees it: called on the loop's thread.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  virtual void answer(Response response) = 0;
  virtual void begin_stream(Response head, bool heartbeat) = 0;
  /// There is something to take_stream().
  virtual void stream_ready() = 0;
};

/// Thread-safe. May outlive connection and server: answers then go nowhere.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  static constexpr size_t kRoom = 4u << 20;  ///< bytes of a stream that a client may leave unread

  struct Parts {
    std::shared_ptr<EventLoop> loop;
    std::weak_ptr<AnswerSink> connection;
    std::shared_ptr<ByteBudget> stream_bytes;
    HandlerPool& pool;
    Log& log;
    std::string request_id;
  };
  explicit Exchange(Parts parts) : parts_(std::move(parts)) {}
  ~Exchange();

  /// What a handler answers with.
  Reply reply();

  void send(Response response);
  std::shared_ptr<ReplyStream::Channel> stream(Response head, bool heartbeat);
  void on_disconnect(std::function<void()> call);
  /// The promise is gone: answers 500 if nothing was answered.
  void abandon();

  bool write(std::string_view bytes);
  void end_stream(std::string_view last);
  bool gone() const;

  /// For the connection: bytes written to the stream since the last time, whether that was all, ...
  struct Piece {
    std::string bytes;
    bool last = false;
  };
  Piece take_stream();
  /// ... that so many of them were sent, ...
  void sent(size_t bytes);
  /// ... that the client is gone: calls what on_disconnect() was given, on the pool where it has room, ...
  void disconnect();
  /// ... or that the answer is complete.
  void complete();

 private:
  void tell(std::function<void(AnswerSink&)> call);
  void wake();  // Holds mutex_.

  Parts parts_;
  mutable std::mutex mutex_;
  bool answered_ = false, gone_ = false, completed_ = false, ended_ = false, woken_ = false;
  std::vector<std::function<void()>> calls_;
  std::string pending_;
  size_t unsent_ = 0;  // pending_ and what is being sent
};

}  // namespace limner
