// /v1/jobs/{id}/events: what happens to a job, while it happens, as server-sent events.

#include "api/native/job_json.h"
#include "api/route_groups.h"
#include "base/crypto.h"

namespace limner {
namespace {

std::string event_text(const JobEvent& event) {
  Json data = event.data;
  if (event.picture) {
    const auto* bytes = reinterpret_cast<const char*>(event.picture->data());
    data["format"] = event.format;
    data["b64_json"] = to_base64({bytes, event.picture->size()});
  }
  return sse_message(event.type, data);
}

// How the job stood when the client began to listen.
void tell_state(ReplyStream& stream, const JobView& view) {
  if (view.job.state == JobState::queued)
    stream.write(sse_message("queued", {{"position", view.position}}));
  else if (!has_ended(view.job.state))
    stream.write(sse_message("started", Json::object()));
}

void stream_events(Services& services, const Request& request, const Reply& reply) {
  const auto refuse = [&](const Error& error) {
    reply.send(error_response(Dialect::native, error, request));
  };
  if (const Result<void> query = request.check_query({}); !query) return refuse(query.error());
  const std::string& id = request.captures[0];
  const Result<JobView> view = services.jobs.find(*request.caller, id);
  if (!view) return refuse(view.error());

  Response head;
  head.content_type = "text/event-stream";
  ReplyStream stream = reply.stream(std::move(head), true);
  tell_state(stream, view.value());
  auto listening = services.jobs.listen(*request.caller, id, [stream](const JobEvent& event) mutable {
    if (event.type == "finished")
      stream.end(event_text(event));
    else
      stream.write(event_text(event));  // News that a slow client has no room for are dropped.
  });
  if (!listening) return stream.end();
  // The subscription lives as long as the stream does: the server lets go of this at the end of either.
  stream.on_disconnect([kept = std::make_shared<EventHub::Subscription>(std::move(listening).value())] {});
}

const Route kJobEventRoutes[] = {
    {.method = "GET",
     .path = "/v1/jobs/{id}/events",
     .access = Access::read,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "What happens to a job as server-sent events: queued, loading, started, step, preview, "
                "finished (the last).",
     .handle = stream_events,
     .ok_type = "text/event-stream"},
};

}  // namespace

std::span<const Route> job_event_routes() { return kJobEventRoutes; }

}  // namespace limner
