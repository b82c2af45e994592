#include "api/http/connection.h"

namespace limner {
namespace {

constexpr double kPingSeconds = 15;
constexpr double kLingerSeconds = 5;

}  // namespace

Connection::Connection(ServerParts& server, std::shared_ptr<EventLoop> loop,
                       std::unique_ptr<Transport> transport, std::string remote)
    : server_(server), loop_(std::move(loop)), transport_(std::move(transport)), remote_(std::move(remote)) {}

void Connection::start(std::function<void()> on_closed) {
  on_closed_ = std::move(on_closed);
  expire_in(server_.config.header_seconds);
  transport_->handshake([self = shared_from_this()](bool ok) {
    if (self->closed()) return;
    if (!ok) return self->close();
    self->phase_ = Phase::head;
    self->expire_in(self->server_.config.idle_seconds);
    self->read_more();
  });
}

void Connection::tick() {
  if (phase_ == Phase::streaming && visit_->heartbeat && !writing_ &&
      steady() - last_write_ > static_cast<TimeUs>(kPingSeconds * kSecondUs))
    send({}, chunked_ ? chunk(": ping\n\n") : ": ping\n\n");
  if (deadline_ != 0 && steady() > deadline_) deadline_passed();
}

void Connection::deadline_passed() {
  no_deadline();
  const bool begun = phase_ == Phase::body || (phase_ == Phase::head && !input_.empty());
  if (!begun) return close();
  // Time is up for a client that has begun to ask: it is told so.
  if (!visit_) begin_visit({});
  refuse({408, {Code::deadline, {}, "the request did not come in time", {}}}, true);
}

void Connection::drain() {
  draining_ = true;
  if (phase_ == Phase::opening || (phase_ == Phase::head && input_.empty())) close();
}

void Connection::close() {
  if (closed()) return;
  phase_ = Phase::closed;
  if (visit_) {
    if (visit_->exchange) visit_->exchange->disconnect();
    if (visit_->record.status == 0) visit_->record.status = 499;
    visit_->record.note = visit_->record.note.empty() ? "connection lost" : visit_->record.note;
    finish_visit();
  }
  transport_->close();
  if (on_closed_) on_closed_();
}

void Connection::linger() {
  phase_ = Phase::lingering;
  input_.clear();
  transport_->finish_sending();
  if (input_ended_) return close();
  expire_in(kLingerSeconds);
  read_more();
}

}  // namespace limner
