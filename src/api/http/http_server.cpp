#include "api/http_server.h"

#include <sys/resource.h>

#include <vector>

#include "api/http/lane.h"
#include "api/http/listener.h"

namespace limner {
namespace {

constexpr size_t kWaitingMax = 4096;  // requests between the loops and the handlers

// A descriptor a connection: the usual soft limit of 1024 is far too low.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

struct HttpServer::Core {
  Core(const HttpConfig& given, Services& services, SpanSink& spans, std::span<const Route* const> routes)
      : config(given),
        gatekeeper(config, services, routes),
        pool(std::max(config.handler_threads, 1), kWaitingMax),
        journal(services.log, services.metrics, spans),
        body_bytes(config.bytes_in_flight_max),
        parts{config,
              services,
              gatekeeper,
              pool,
              journal,
              body_bytes,
              std::make_shared<ByteBudget>(config.bytes_in_flight_max)},
        open(config, journal) {
    std::vector<std::shared_ptr<EventLoop>> loops;
    for (int i = 0; i < std::max(config.io_threads, 1); ++i) {
      lanes.push_back(std::make_unique<Lane>(parts, open));
      loops.push_back(lanes.back()->loop());
    }
    listener.emplace(
        std::move(loops),
        Listener::Gate{[this](const std::string& remote) { return open.enter(remote); },
                       [this](size_t loop, std::unique_ptr<Transport> transport, const std::string& remote) {
                         lanes[loop]->take(std::move(transport), remote);
                       }});
  }

  // Handlers end first: their answers still find the loops. Then the loops, the accepting one last, and with
  // them whatever was posted.
  ~Core() {
    listener->close();
    pool.stop();
    for (auto lane = lanes.rbegin(); lane != lanes.rend(); ++lane) (*lane)->stop();
  }

  const HttpConfig config;
  Gatekeeper gatekeeper;
  HandlerPool pool;
  RequestJournal journal;
  ByteBudget body_bytes;
  ServerParts parts;
  OpenConnections open;
  std::optional<Listener> listener;
  std::vector<std::unique_ptr<Lane>> lanes;
};

HttpServer::HttpServer(const HttpConfig& config, Services& services, SpanSink& spans,
                       std::span<const Route* const> routes)
    : core_(std::make_unique<Core>(config, services, spans, routes)) {}

HttpServer::~HttpServer() = default;

Result<void> HttpServer::start() {
  raise_descriptor_limit();
  TRY(core_->listener->open(core_->config));
  for (const auto& lane : core_->lanes) lane->run();
  return {};
}

int HttpServer::port() const { return core_->listener->port(); }

void HttpServer::drain(double seconds) {
  core_->listener->close();
  for (const auto& lane : core_->lanes) lane->drain();
  core_->open.wait_for_none(seconds);
}

}  // namespace limner
