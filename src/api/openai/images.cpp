// /v1/images/generations, /edits, /variations.

#include <mutex>
#include <optional>

#include "api/job_outcome.h"
#include "api/job_wait.h"
#include "api/openai/image_answer.h"
#include "api/openai/image_fields.h"
#include "api/openai/image_inputs.h"
#include "api/openai/repeated_request.h"
#include "api/route.h"
#include "api/route_groups.h"
#include "jobs/assessment.h"

namespace limner {
namespace {

// A form with a picture and a mask of 50 MiB each, or their base64.
constexpr size_t kImagesBodyMax = 140u << 20;
constexpr size_t kJsonMax = 1u << 20;

/// A request from its acceptance to the last byte of its answer. Kept alive by the callbacks that wait for
/// its job.
struct ImageExchange {
  ImageExchange(Services& given_services, const Request& given_request, const Reply& given_reply,
                ImageRequest given_image, ImageOperation given_operation)
      : services(given_services),
        request(given_request),
        reply(given_reply),
        image(std::move(given_image)),
        operation(given_operation) {
    // Pictures may be large; they are in the store by now.
    request.body.clear();
    request.body.shrink_to_fit();
  }

  Services& services;
  Request request;
  Reply reply;
  ImageRequest image;
  ImageOperation operation;
  std::optional<ReplyStream> stream;
  int partials_sent = 0;
  std::mutex mutex;  ///< of what follows
  EventHub::Subscription previews;
};
using ImageExchangePtr = std::shared_ptr<ImageExchange>;

void fail(const ImageExchange& exchange, const Error& error) {
  const Response response = error_response(Dialect::openai, error, exchange.request);
  if (!exchange.stream) {
    exchange.reply.send(response);
    return;
  }
  // The status line is gone; clients raise an error for an event with this member.
  ReplyStream stream = *exchange.stream;
  const Result<Json> body = parse_json(response.body, "body");
  stream.end(body ? sse_message("error", *body) : std::string());
}

void answer_images(ImageExchange& exchange, const JobView& view) {
  if (const std::optional<Error> error = error_of(view.job)) return fail(exchange, *error);
  if (exchange.stream) {
    const Result<std::string> events =
        completed_images(exchange.services, exchange.image, exchange.operation, view);
    if (!events) return fail(exchange, events.error());
    exchange.stream->end(*events);
    return;
  }
  Result<std::string> body = image_answer_text(exchange.services, exchange.request, exchange.image, view);
  if (!body) return fail(exchange, body.error());
  Response response;
  response.body = std::move(*body);
  exchange.reply.send(std::move(response));
}

void forward_preview(const ImageExchangePtr& exchange, const JobEvent& event) {
  if (event.type != "preview" || !event.picture) return;
  const std::lock_guard lock(exchange->mutex);
  if (exchange->partials_sent >= exchange->image.partial_images) return;
  if (exchange->stream->write(partial_image(exchange->image, exchange->operation, event,
                                            exchange->partials_sent, exchange->services.clock.now())))
    ++exchange->partials_sent;
}

Result<void> send_previews(const ImageExchangePtr& exchange, const std::string& job) {
  EventHub::Subscription previews =
      TRY(exchange->services.jobs.listen(*exchange->request.caller, job, [exchange](const JobEvent& event) {
        forward_preview(exchange, event);
      }));
  const std::lock_guard lock(exchange->mutex);
  exchange->previews = std::move(previews);
  return {};
}

// The subscription's listener keeps the exchange, which keeps the subscription.
void stop_previews(ImageExchange& exchange) {
  EventHub::Subscription dropped_without_the_lock;
  const std::lock_guard lock(exchange.mutex);
  dropped_without_the_lock = std::move(exchange.previews);
}

void wait_for(const ImageExchangePtr& exchange, const std::string& job, const std::function<void()>& gone) {
  const Caller& caller = *exchange->request.caller;
  if (exchange->image.stream) {
    exchange->stream = exchange->reply.stream(
        {.status = 200, .headers = {}, .content_type = "text/event-stream", .body = {}}, true);
    exchange->stream->on_disconnect(gone);
    if (exchange->image.partial_images > 0)
      if (const Result<void> sending = send_previews(exchange, job); !sending)
        return fail(*exchange, sending.error());
  } else {
    exchange->reply.on_disconnect(gone);
  }
  const Result<void> waiting =
      when_job_ended(exchange->services, caller, job, [exchange](const JobView& view) {
        stop_previews(*exchange);
        answer_images(*exchange, view);
      });
  if (waiting) return;
  stop_previews(*exchange);
  fail(*exchange, waiting.error());
}

// Previews are made every so many steps: so that as many come as were asked for, evenly.
void plan_previews(Services& services, ImageRequest& image) {
  if (image.partial_images == 0) return;
  const int steps = drawing::sampling_steps(services.catalogue, image.job);
  image.job.preview_every = std::max(1, steps / (image.partial_images + 1));
}

Result<void> take_images(Services& services, const Request& request, const Reply& reply,
                         ImageOperation operation) {
  Json fields = TRY(image_fields(request));
  GivenImages given;
  if (operation != ImageOperation::generate) given = TRY(given_images(request, fields));
  ImageRequest image = TRY(read_image_request(fields, operation, services.catalogue));
  plan_previews(services, image);
  const Idempotency idempotency = TRY(repeated_request(services, request));
  std::string job;
  std::function<void()> gone;
  if (!idempotency.fresh) {
    const std::optional<Submitted> earlier = TRY(services.jobs.find_repeated(idempotency));
    if (earlier) job = earlier->job.id;
    if (earlier) gone = joining(services, *request.caller, job);
  }
  if (!gone && operation != ImageOperation::generate)
    TRY(keep_images(services, request, given, operation, image));
  // Again where those who waited for the same job have hung up just now.
  while (!gone) {
    job = TRY(services.jobs.submit(*request.caller, image.job, idempotency)).job.id;
    gone = joining(services, *request.caller, job);
  }
  wait_for(std::make_shared<ImageExchange>(services, request, reply, std::move(image), operation), job, gone);
  return {};
}

template <ImageOperation operation>
void handle_images(Services& services, const Request& request, const Reply& reply) {
  if (const Result<void> taken = take_images(services, request, reply, operation); !taken)
    reply.send(error_response(Dialect::openai, taken.error(), request));
}

const std::string kGenerateSchema = image_request_schema(ImageOperation::generate);
const std::string kEditSchema = image_request_schema(ImageOperation::edit);
const std::string kVarySchema = image_request_schema(ImageOperation::vary);
constexpr std::string_view kImagesAnswerSchema =
    R"({"type":"object","required":["created","data"],"properties":{"created":{"type":"integer"},"data":{"type":"array","items":{"type":"object","properties":{"b64_json":{"type":"string"},"url":{"type":"string"}}}}}})";

const Route kOpenaiImageRoutes[] = {
    {.method = "POST",
     .path = "/v1/images/generations",
     .access = Access::draw,
     .dialect = Dialect::openai,
     .body_bytes_max = kJsonMax,
     .summary = "Draw pictures from a prompt, as OpenAI's API does",
     .handle = handle_images<ImageOperation::generate>,
     .body_schema = kGenerateSchema,
     .ok_schema = kImagesAnswerSchema,
     .ok_type = "application/json,text/event-stream"},
    {.method = "POST",
     .path = "/v1/images/edits",
     .access = Access::draw,
     .dialect = Dialect::openai,
     .body_bytes_max = kImagesBodyMax,
     .summary = "Draw over a picture, all of it or where a mask is transparent",
     .handle = handle_images<ImageOperation::edit>,
     .body_schema = kEditSchema,
     .body_type = "multipart/form-data,application/json",
     .ok_schema = kImagesAnswerSchema,
     .ok_type = "application/json,text/event-stream"},
    {.method = "POST",
     .path = "/v1/images/variations",
     .access = Access::draw,
     .dialect = Dialect::openai,
     .body_bytes_max = kImagesBodyMax,
     .summary = "Draw pictures like a picture",
     .handle = handle_images<ImageOperation::vary>,
     .body_schema = kVarySchema,
     .body_type = "multipart/form-data",
     .ok_schema = kImagesAnswerSchema},
};

}  // namespace

std::span<const Route> openai_image_routes() { return kOpenaiImageRoutes; }

}  // namespace limner
