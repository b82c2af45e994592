#pragma once
// Answering a request: at once, later, or bit by bit; from any thread.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace limner {

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  ///< beside those the server adds itself
  std::string content_type = "application/json";
  std::string body;
  std::string log_note = {};  ///< for the server's log, not for the client: what an error really was
};
Response json_response(int status, const Json& body);

/// An answer that is being written: text/event-stream and the like. Copies are the same stream; it ends with
/// end() or with its last copy. Thread-safe.
class ReplyStream {
 public:
  /// Queues bytes to send. False, and nothing is queued, when the client is gone or has more than 4 MiB (or
  /// `room`) unread: whoever writes news may drop it, and tries again with what is newer.
  bool write(std::string_view bytes);
  /// Ends the stream with `last`, which is sent however much the client has unread: the last word is no news
  /// that could be dropped.
  void end(std::string_view last = {});
  bool gone() const;
  /// As Reply::on_disconnect.
  void on_disconnect(std::function<void()> call);

  struct Channel;  ///< made by the server
  explicit ReplyStream(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}

 private:
  std::shared_ptr<Channel> channel_;
};

/// The promise of one answer. Copies are the same promise; if the last copy goes without an answer, the
/// server answers 500. Thread-safe.
class Reply {
 public:
  /// Sends the answer. The second of two is dropped and logged.
  void send(Response response) const;
  /// Sends the head now and the body as it comes. Idle streams get a comment line (": ping") every 15 s if
  /// `heartbeat`.
  ReplyStream stream(Response head, bool heartbeat) const;
  /// Calls once when the client closes its connection before the answer is complete; at once if it is closed
  /// already.
  void on_disconnect(std::function<void()> call) const;

  struct Channel;  ///< made by the server
  explicit Reply(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}

 private:
  std::shared_ptr<Channel> channel_;
};

/// "event: NAME\ndata: JSON\n\n"; without a name, "data: JSON\n\n".
std::string sse_message(std::string_view event, const Json& data);

}  // namespace limner
