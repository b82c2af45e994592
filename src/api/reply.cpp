#include "api/reply.h"

#include <fmt/format.h>

#include "api/reply_channel.h"

namespace limner {
namespace {

std::string compact(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

Response json_response(int status, const Json& body) {
  Response response;
  response.status = status;
  response.body = compact(body);
  return response;
}

bool ReplyStream::write(std::string_view bytes) { return channel_->write(bytes); }
void ReplyStream::end(std::string_view last) { channel_->end(last); }
bool ReplyStream::gone() const { return channel_->gone(); }
void ReplyStream::on_disconnect(std::function<void()> call) { channel_->on_disconnect(std::move(call)); }

void Reply::send(Response response) const { channel_->send(std::move(response)); }
ReplyStream Reply::stream(Response head, bool heartbeat) const {
  return ReplyStream(channel_->stream(std::move(head), heartbeat));
}
void Reply::on_disconnect(std::function<void()> call) const { channel_->on_disconnect(std::move(call)); }

std::string sse_message(std::string_view event, const Json& data) {
  if (event.empty()) return fmt::format("data: {}\n\n", compact(data));
  return fmt::format("event: {}\ndata: {}\n\n", event, compact(data));
}

}  // namespace limner
