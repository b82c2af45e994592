#pragma once
// One client's connection: reads requests one after the other, has them handled, writes their answers.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/http/chunked_body.h"
#include "api/http/exchange.h"
#include "api/http/gatekeeper.h"
#include "api/http/request_journal.h"
#include "api/http/response_head.h"
#include "api/http/transport.h"
#include "api/http_server.h"

namespace limner {

/// What the connections of a server share.
struct ServerParts {
  const HttpConfig& config;
  Services& services;
  Gatekeeper& gatekeeper;
  HandlerPool& pool;
  RequestJournal& journal;
  ByteBudget& body_bytes;
  std::shared_ptr<ByteBudget> stream_bytes;
};

/// Everything is called on the loop's thread. A connection always has a read under way while there is room
/// for input, so the client's going is noticed while its request is being handled; requests that come early
/// wait in the input.
class Connection final : public AnswerSink, public std::enable_shared_from_this<Connection> {
 public:
  Connection(ServerParts& server, std::shared_ptr<EventLoop> loop, std::unique_ptr<Transport> transport,
             std::string remote);
  /// `on_closed` is called once, within close().
  void start(std::function<void()> on_closed);
  /// Called several times a second: ends what has lasted too long, keeps idle streams alive.
  void tick();
  /// Ends after the answer that is in work; at once if there is none.
  void drain();
  void close();
  bool closed() const { return phase_ == Phase::closed; }
  const std::string& remote() const { return remote_; }

  void answer(Response response) override;
  void begin_stream(Response head, bool heartbeat) override;
  void stream_ready() override;

 private:
  enum class Phase { opening, head, identifying, body, handling, answering, streaming, lingering, closed };

  /// One request, from its head to the end of its answer.
  struct Visit {
    Visit() {}  // written out: clang asks whether there is one before it has read the members' values
    std::shared_ptr<Request> request = std::make_shared<Request>();
    RequestHead head;
    RouteMatch match;
    std::shared_ptr<Exchange> exchange;
    std::shared_ptr<ByteLease> lease;  ///< for the body, until the handler has returned
    ByteLease answer_lease;            ///< for a large answer, until it is written
    ChunkedBody chunks;
    std::vector<std::pair<std::string, std::string>> headers;  ///< of every answer to it
    RequestRecord record;
    TimeUs begun = 0;       ///< steady
    TimeUs body_begun = 0;  ///< steady
    size_t body_bytes = 0;  ///< as they came
    bool heartbeat = false;
  };

  // connection_reading.cpp
  void read_more();
  void took(bool ok, size_t bytes);
  void input_ended();
  void advance();
  void read_head();
  void read_body(std::string_view& input);
  size_t input_max() const;

  // connection_requests.cpp
  void begin_visit(RequestHead head);
  void identified(Gatekeeper::Identity identity);
  void expect_body();
  void handle();
  void refuse(const Refusal& refusal, bool close_after);
  bool answer_options();
  void finish_visit();

  // connection_writing.cpp
  void send(std::string head, std::string body);
  void send_continue();
  void begin_write(std::string head, std::string body);
  void write_on();
  void wrote(bool ok, size_t bytes);
  void all_written();
  void pump_stream();
  std::vector<std::pair<std::string, std::string>> common_headers() const;
  void linger();

  TimeUs steady() const { return server_.services.clock.steady(); }
  void expire_in(double seconds) { deadline_ = steady() + static_cast<TimeUs>(seconds * kSecondUs); }
  void no_deadline() { deadline_ = 0; }
  /// The time that so many bytes of an answer may take.
  TimeUs slowest(size_t bytes) const;
  void deadline_passed();

  ServerParts& server_;
  std::shared_ptr<EventLoop> loop_;
  std::unique_ptr<Transport> transport_;
  std::string remote_;
  std::function<void()> on_closed_;
  Phase phase_ = Phase::opening;
  TimeUs deadline_ = 0;  // steady; 0: none
  bool keep_alive_ = true, draining_ = false;

  std::string chunk_;  // where reads go
  std::string input_;  // read and not used yet
  size_t head_scanned_ = 0;
  bool reading_ = false, input_ended_ = false;
  size_t lingered_ = 0;

  std::string out_head_, out_body_;
  size_t out_done_ = 0;
  size_t stream_piece_ = 0;  // bytes of the stream in out_body_
  bool writing_ = false, stream_last_ = false, chunked_ = false;
  bool continuing_ = false;                    // what is being written is "100 Continue",
  std::pair<std::string, std::string> after_;  // and this comes after it
  TimeUs last_write_ = 0;
  TimeUs answer_begun_ = 0;  // steady

  std::optional<Visit> visit_;
};

}  // namespace limner
