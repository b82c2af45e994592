// What a connection does with a request between reading and answering it.

#include <fmt/format.h>

#include <exception>

#include "api/error_objects.h"
#include "api/http/connection.h"
#include "base/ids.h"

namespace limner {
namespace {

const char* dialect_name(Dialect dialect) {
  switch (dialect) {
    case Dialect::native:
      return "native";
    case Dialect::openai:
      return "openai";
    case Dialect::a1111:
      return "a1111";
  }
  return "native";
}

void run_handler(const Route& route, Services& services, const Request& request, const Reply& reply) {
  try {
    route.handle(services, request, reply);
  } catch (const std::exception& thrown) {
    services.log.error("handler_threw", {{"request", request.request_id}, {"what", thrown.what()}});
    reply.send(error_response(route.dialect.value, {Code::internal, {}, thrown.what(), {}}, request));
  }
}

}  // namespace

void Connection::begin_visit(RequestHead head) {
  visit_.emplace();
  Visit& visit = *visit_;
  visit.head = std::move(head);
  if (!visit.head.path_segments.empty()) visit.match = server_.gatekeeper.match(visit.head);
  visit.begun = visit.body_begun = steady();
  visit.lease = std::make_shared<ByteLease>(server_.body_bytes);
  keep_alive_ = visit.head.keep_alive;

  Request& request = *visit.request;
  request.method = visit.head.method;
  request.path = visit.head.path;
  request.query = visit.head.query;
  request.headers = visit.head.headers;
  request.captures = visit.match.captures;
  request.remote = remote_;
  request.encrypted = !server_.config.tls_certificate.empty();
  request.request_id = new_id("req");
  request.received = server_.services.clock.now();
  const std::optional<TraceContext> parent = parse_traceparent(visit.head.header("traceparent"));
  request.trace = parent ? child_of(*parent) : new_trace();

  RequestRecord& record = visit.record;
  record.request_id = request.request_id;
  record.method = request.method;
  record.remote = remote_;
  record.route = visit.match.route ? visit.match.route->path : std::string_view();
  record.received = request.received;
  record.trace = request.trace;
  if (parent) record.parent_span_id = parent->span_id;
}

// What browsers ask before they let a page of another origin call us.
bool Connection::answer_options() {
  if (visit_->head.method != "OPTIONS" || server_.config.cors_origin.empty()) return false;
  Response response;
  response.status = 204;
  response.headers = {
      {"Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE"},
      {"Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Range, traceparent"},
      {"Access-Control-Max-Age", "600"}};
  answer(std::move(response));
  return true;
}

void Connection::identified(Gatekeeper::Identity identity) {
  if (identity.refusal) return refuse(*identity.refusal, false);
  Visit& visit = *visit_;
  const Route& route = *visit.match.route;
  if (identity.holder) {
    visit.record.key_id = identity.holder->key.id;
    if (auto refusal = server_.gatekeeper.check_caller(*identity.holder, route, visit.headers))
      return refuse(*refusal, false);
    visit.request->caller = Caller{identity.holder->tenant, identity.holder->key, visit.request->request_id,
                                   dialect_name(route.dialect.value), visit.request->trace};
  }
  if (auto refusal = Gatekeeper::check_body(visit.head, route)) return refuse(*refusal, false);
  expect_body();
}

void Connection::expect_body() {
  Visit& visit = *visit_;
  const uint64_t length = visit.head.content_length.value_or(0);
  if (!visit.head.chunked && length == 0) return handle();
  if (length > server_.config.bytes_in_flight_max)
    return refuse({413, {Code::too_large, "body", "more than this server holds at once", {}}}, false);
  if (!visit.lease->grow_to(static_cast<size_t>(length)))
    return refuse({503, {Code::unavailable, "body", "too many bytes are under way", "retry after 1 s"}},
                  false);
  phase_ = Phase::body;
  visit.body_begun = steady();
  expire_in(server_.config.body_seconds_base);
  if (visit.head.expects_continue && input_.empty()) send_continue();
  advance();
  if (phase_ == Phase::body && input_ended_) return close();
  read_more();
}

void Connection::handle() {
  phase_ = Phase::handling;
  Visit& visit = *visit_;
  visit.exchange =
      std::make_shared<Exchange>(Exchange::Parts{loop_, weak_from_this(), server_.stream_bytes, server_.pool,
                                                 server_.services.log, visit.request->request_id});
  // The bytes of the body are ours until the handler has returned.
  auto task = [&services = server_.services, route = visit.match.route, request = std::move(visit.request),
               lease = std::move(visit.lease),
               exchange = visit.exchange] { run_handler(*route, services, *request, exchange->reply()); };
  visit.request = std::make_shared<Request>();
  visit.request->request_id = visit.record.request_id;
  if (input_ended_) visit.exchange->disconnect();
  if (!server_.pool.try_run(std::move(task)))
    refuse({503, {Code::unavailable, {}, "too many requests are waiting", "retry after 1 s"}}, false);
}

void Connection::refuse(const Refusal& refusal, bool close_after) {
  Visit& visit = *visit_;
  Response response =
      error_response_with_status(refusal.status, visit.match.dialect, refusal.error, *visit.request);
  for (const auto& header : refusal.headers) {
    std::erase_if(response.headers, [&](const auto& have) { return have.first == header.first; });
    response.headers.push_back(header);
  }
  // A body that was not read would be taken for the next request.
  const bool body_left =
      phase_ != Phase::handling && (visit.head.chunked || visit.head.content_length.value_or(0) > 0);
  if (close_after || body_left) keep_alive_ = false;
  answer(std::move(response));
}

void Connection::finish_visit() {
  RequestRecord& record = visit_->record;
  record.ended = server_.services.clock.now();
  record.seconds = static_cast<double>(steady() - visit_->begun) / kSecondUs;
  server_.journal.finished(record);
  if (visit_->exchange) visit_->exchange->complete();
  visit_.reset();
}

}  // namespace limner
