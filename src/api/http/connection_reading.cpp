// How a connection reads: heads, bodies, and what comes while it is not asked for.

#include <algorithm>

#include "api/http/connection.h"

namespace limner {
namespace {

constexpr size_t kHeadRead = 4u << 10, kBodyRead = 64u << 10;
// What a client whose request was refused may still be sending: read and thrown away, so that it can finish
// and see the answer.
constexpr size_t kLingerBytesMax = 16u << 20;

}  // namespace

size_t Connection::input_max() const { return server_.config.header_bytes_max; }

void Connection::read_more() {
  if (reading_ || closed() || input_ended_ || input_.size() >= input_max()) return;
  const bool much = phase_ == Phase::body || phase_ == Phase::lingering;
  if (chunk_.size() != (much ? kBodyRead : kHeadRead)) {
    chunk_.resize(much ? kBodyRead : kHeadRead);
    chunk_.shrink_to_fit();
  }
  reading_ = true;
  transport_->read_some(chunk_.data(), chunk_.size(),
                        [self = shared_from_this()](bool ok, size_t bytes) { self->took(ok, bytes); });
}

void Connection::took(bool ok, size_t bytes) {
  reading_ = false;
  if (closed()) return;
  server_.journal.bytes(bytes, 0);
  if (!ok || bytes == 0) return input_ended();
  if (phase_ == Phase::lingering) {
    lingered_ += bytes;
    if (lingered_ > kLingerBytesMax) return close();
    return read_more();
  }
  std::string_view piece(chunk_.data(), bytes);
  if (phase_ == Phase::head && input_.empty()) {
    const auto header_us = static_cast<TimeUs>(server_.config.header_seconds * kSecondUs);
    deadline_ = std::min(deadline_, steady() + header_us);
  }
  if (phase_ == Phase::body && input_.empty()) read_body(piece);
  input_ += piece;
  advance();
  read_more();
}

void Connection::input_ended() {
  input_ended_ = true;
  keep_alive_ = false;
  switch (phase_) {
    case Phase::opening:
    case Phase::head:
    case Phase::body:
    case Phase::streaming:
    case Phase::lingering:
    case Phase::closed:
      return close();
    case Phase::identifying:
    case Phase::handling:
      // It may have closed only its own side: the answer is still tried, but work for it alone is not worth
      // doing.
      if (visit_->exchange) visit_->exchange->disconnect();
      return;
    case Phase::answering:
      return;
  }
}

void Connection::advance() {
  if (phase_ == Phase::head) read_head();
  if (phase_ == Phase::body && !input_.empty()) {
    std::string_view input(input_);
    read_body(input);
    if (phase_ != Phase::closed) input_.erase(0, input_.size() - input.size());
  }
}

void Connection::read_head() {
  // RFC 9112, section 2.2: an empty line before a request is passed over.
  while (input_.starts_with("\r\n")) input_.erase(0, 2);
  if (input_.empty()) return;
  const size_t end = find_head_end(input_, head_scanned_);
  const size_t bytes_max = server_.config.header_bytes_max;
  if (end == 0 && input_.size() < bytes_max) return;
  head_scanned_ = 0;
  if (end == 0 || end > bytes_max) {
    begin_visit({});
    return refuse({431, {Code::too_large, "headers", "the head is too long", {}}}, true);
  }
  auto parsed = parse_request_head(std::string_view(input_).substr(0, end), {.bytes_max = bytes_max});
  input_.erase(0, end);
  if (const Refusal* refusal = std::get_if<Refusal>(&parsed)) {
    begin_visit({});
    return refuse(*refusal, true);
  }
  begin_visit(std::move(std::get<RequestHead>(parsed)));
  visit_->record.bytes_in = end;
  no_deadline();
  if (answer_options()) return;
  if (auto refusal = Gatekeeper::check_route(visit_->match)) return refuse(*refusal, false);
  Gatekeeper::Identity identity = server_.gatekeeper.identify(visit_->head, *visit_->match.route, remote_);
  if (!identity.ask_ledger) return identified(std::move(identity));
  phase_ = Phase::identifying;
  const bool asked = server_.pool.try_run([&server = server_, loop = loop_, weak = weak_from_this(),
                                           remote = remote_, route = visit_->match.route,
                                           secret = identity.secret_sha256] {
    auto found = std::make_shared<Gatekeeper::Identity>(server.gatekeeper.look_up(secret, *route, remote));
    loop->post([weak, found] {
      const auto self = weak.lock();
      if (self && self->phase_ == Phase::identifying) self->identified(std::move(*found));
    });
  });
  if (!asked)
    refuse({503, {Code::unavailable, {}, "too many requests are waiting", "retry after 1 s"}}, false);
}

void Connection::read_body(std::string_view& input) {
  Visit& visit = *visit_;
  std::string& body = visit.request->body;
  size_t used = 0;
  bool complete = false;
  if (visit.head.chunked) {
    const Result<size_t> fed = visit.chunks.feed(input, body, visit.match.route->body_bytes_max.value);
    if (!fed) return refuse({fed.error().code == Code::too_large ? 413 : 400, fed.error()}, true);
    used = fed.value();
    complete = visit.chunks.complete();
    if (!visit.lease->grow_to(body.size()))
      return refuse({503, {Code::unavailable, "body", "too many bytes are under way", "retry after 1 s"}},
                    true);
  } else {
    const auto length = static_cast<size_t>(*visit.head.content_length);
    used = std::min(input.size(), length - body.size());
    body.append(input.substr(0, used));
    complete = body.size() == length;
  }
  input.remove_prefix(used);
  visit.record.bytes_in += used;
  visit.body_bytes += used;
  if (complete) {
    no_deadline();
    return handle();
  }
  const HttpConfig& config = server_.config;
  deadline_ = visit.body_begun +
              static_cast<TimeUs>((config.body_seconds_base +
                                   static_cast<double>(visit.body_bytes) / config.body_bytes_per_second) *
                                  kSecondUs);
}

}  // namespace limner
