#pragma once
// What stands behind a Reply and a ReplyStream: the server's connection, or whatever a test puts there.

#include "api/reply.h"

namespace limner {

/// Destroyed with the last copy of its ReplyStream, which ends the stream.
struct ReplyStream::Channel {
  virtual ~Channel() = default;
  virtual bool write(std::string_view bytes) = 0;
  virtual void end(std::string_view last) = 0;
  virtual bool gone() const = 0;
  virtual void on_disconnect(std::function<void()> call) = 0;
};

/// Destroyed with the last copy of its Reply: then an answer that was not given is a 500.
struct Reply::Channel {
  virtual ~Channel() = default;
  virtual void send(Response response) = 0;
  virtual std::shared_ptr<ReplyStream::Channel> stream(Response head, bool heartbeat) = 0;
  virtual void on_disconnect(std::function<void()> call) = 0;
};

}  // namespace limner
