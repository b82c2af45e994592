// How a connection writes: answers, streams, and what comes after them.

#include <fmt/format.h>

#include <algorithm>

#include "api/error_objects.h"
#include "api/http/connection.h"

namespace limner {

std::vector<std::pair<std::string, std::string>> Connection::common_headers() const {
  std::vector<std::pair<std::string, std::string>> headers = visit_->headers;
  headers.emplace_back("x-request-id", visit_->record.request_id);
  headers.emplace_back("traceparent", visit_->record.trace.traceparent());
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  if (visit_->match.dialect == Dialect::openai) {
    headers.emplace_back("openai-version", "2020-10-01");
    headers.emplace_back("openai-processing-ms", fmt::format("{}", (steady() - visit_->begun) / 1000));
  }
  if (!server_.config.cors_origin.empty()) {
    headers.emplace_back("Access-Control-Allow-Origin", server_.config.cors_origin);
    headers.emplace_back("Access-Control-Expose-Headers",
                         "x-request-id, Location, Retry-After, Content-Range, ETag, Idempotency-Replayed");
  }
  return headers;
}

namespace {

// Smaller answers are written whatever there is to write.
constexpr size_t kSmallAnswer = 256u << 10;

}  // namespace

void Connection::answer(Response response) {
  if (closed() || !visit_) return;
  Visit& visit = *visit_;
  if (response.status == 0) {
    const Error error{Code::internal, {}, "the handler gave no answer", {}};
    response = error_response(visit.match.dialect, error, *visit.request);
  }
  visit.answer_lease = ByteLease(*server_.stream_bytes);
  if (response.body.size() > kSmallAnswer && !visit.answer_lease.grow_to(response.body.size())) {
    const Error error{Code::unavailable, {}, "too many bytes are being sent", "retry after 1 s"};
    response = error_response(visit.match.dialect, error, *visit.request);
  }
  phase_ = Phase::answering;
  answer_begun_ = steady();
  visit.record.status = response.status;
  visit.record.note = response.log_note;
  keep_alive_ = keep_alive_ && !draining_ && !input_ended_;
  std::string head =
      response_head(response, common_headers(), Framing::length, keep_alive_, server_.services.clock.now());
  const bool silent = visit.head.method == "HEAD" || is_bodiless(response.status);
  send(std::move(head), silent ? std::string() : std::move(response.body));
}

void Connection::begin_stream(Response head, bool heartbeat) {
  if (closed() || !visit_) return;
  Visit& visit = *visit_;
  phase_ = Phase::streaming;
  visit.record.status = head.status;
  visit.heartbeat = heartbeat;
  chunked_ = visit.head.minor_version == 1;
  keep_alive_ = keep_alive_ && chunked_ && !draining_ && !input_ended_;
  head.headers.emplace_back("Cache-Control", "no-cache");
  head.headers.emplace_back("X-Accel-Buffering", "no");  // nginx would hold events back
  stream_last_ = visit.head.method == "HEAD";
  if (stream_last_) visit.exchange->disconnect();
  stream_piece_ = 0;
  send(response_head(head, common_headers(), chunked_ ? Framing::chunked : Framing::until_close, keep_alive_,
                     server_.services.clock.now()),
       {});
}

void Connection::stream_ready() {
  if (phase_ == Phase::streaming && !writing_) pump_stream();
}

void Connection::pump_stream() {
  if (stream_last_) return all_written();
  Exchange::Piece piece = visit_->exchange->take_stream();
  stream_last_ = piece.last;
  stream_piece_ = piece.bytes.size();
  std::string out = piece.bytes.empty() || !chunked_ ? std::move(piece.bytes) : chunk(piece.bytes);
  if (stream_last_ && chunked_) out += kLastChunk;
  if (out.empty() && !stream_last_) return;
  send({}, std::move(out));
}

void Connection::send(std::string head, std::string body) {
  if (continuing_) {
    after_ = {std::move(head), std::move(body)};
    return;
  }
  expire_in(server_.config.write_seconds);
  begin_write(std::move(head), std::move(body));
}

void Connection::send_continue() {
  continuing_ = true;
  begin_write("HTTP/1.1 100 Continue\r\n\r\n", {});
}

void Connection::begin_write(std::string head, std::string body) {
  out_head_ = std::move(head);
  out_body_ = std::move(body);
  out_done_ = 0;
  write_on();
}

void Connection::write_on() {
  const std::string_view head = out_head_, body = out_body_;
  if (out_done_ == head.size() + body.size()) return all_written();
  const size_t head_done = std::min(out_done_, head.size());
  writing_ = true;
  transport_->write_some(head.substr(head_done), body.substr(out_done_ - head_done),
                         [self = shared_from_this()](bool ok, size_t bytes) { self->wrote(ok, bytes); });
}

void Connection::wrote(bool ok, size_t bytes) {
  writing_ = false;
  if (closed()) return;
  if (!ok) return close();
  server_.journal.bytes(0, bytes);
  if (visit_) visit_->record.bytes_out += bytes;
  out_done_ += bytes;
  if (!continuing_) expire_in(server_.config.write_seconds);
  // Who reads a whole answer a byte at a time makes progress all the same. Streams wait for what happens.
  if (!continuing_ && phase_ == Phase::answering)
    deadline_ = std::min(deadline_, answer_begun_ + slowest(out_done_));
  write_on();
}

TimeUs Connection::slowest(size_t bytes) const {
  const HttpConfig& config = server_.config;
  return static_cast<TimeUs>(
      (config.write_seconds + static_cast<double>(bytes) / config.body_bytes_per_second) * kSecondUs);
}

void Connection::all_written() {
  last_write_ = steady();
  out_head_.clear();
  out_body_ = {};
  out_done_ = 0;
  if (std::exchange(continuing_, false)) {
    if (!after_.first.empty()) send(std::exchange(after_.first, {}), std::exchange(after_.second, {}));
    return;
  }
  no_deadline();
  if (phase_ == Phase::streaming) {
    visit_->exchange->sent(std::exchange(stream_piece_, 0));
    if (!stream_last_) return pump_stream();
  }
  if (!visit_) return;
  finish_visit();
  if (!keep_alive_ || draining_) return linger();
  phase_ = Phase::head;
  expire_in(input_.empty() ? server_.config.idle_seconds : server_.config.header_seconds);
  // What came early is taken up from the loop, so that a thousand early requests are no thousand calls deep.
  loop_->post([self = shared_from_this()] {
    if (self->phase_ != Phase::head) return;
    self->advance();
    self->read_more();
  });
}

}  // namespace limner
