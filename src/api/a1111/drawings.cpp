// /sdapi/v1/txt2img and /img2img.

#include "api/a1111/caller_jobs.h"
#include "api/a1111/drawing_answer.h"
#include "api/a1111/drawing_fields.h"
#include "api/a1111/input_pictures.h"
#include "api/job_outcome.h"
#include "api/job_wait.h"
#include "api/route.h"
#include "api/route_groups.h"

namespace limner {
namespace {

constexpr size_t kDrawingBodyMax = 140u << 20;

// The echo of the request, without its pictures.
Json without_pictures(Json body) {
  for (const char* name : {"init_images", "mask", "alwayson_scripts"})
    if (body.contains(name)) body[name] = nullptr;
  return body;
}

/// What waits for a job. Pictures may be large; they are in the store by now.
struct SdExchange {
  SdExchange(Services& given_services, const Request& given_request, const Reply& given_reply,
             SdDrawing given_drawing, Json given_parameters)
      : services(given_services),
        request(given_request),
        reply(given_reply),
        drawing(std::move(given_drawing)),
        parameters(std::move(given_parameters)) {
    std::string().swap(request.body);
    std::string().swap(drawing.init);
    std::string().swap(drawing.mask);
    std::vector<std::string>().swap(drawing.control_images);
  }

  Services& services;
  Request request;
  Reply reply;
  SdDrawing drawing;
  Json parameters;
};

void answer_drawing(const SdExchange& exchange, const JobView& view) {
  const auto fail = [&](const Error& error) {
    exchange.reply.send(error_response(Dialect::a1111, error, exchange.request));
  };
  const bool interrupted = view.job.state == JobState::cancelled;
  const std::optional<Error> error = error_of(view.job);
  if (error && !interrupted) return fail(*error);
  const Result<Json> body = drawing_answer(exchange.services, exchange.drawing, exchange.parameters, view);
  if (!body) return fail(body.error());
  exchange.reply.send(json_response(200, *body));
}

Result<void> take_drawing(Services& services, const Request& request, const Reply& reply, bool over_picture) {
  const Json body = TRY(request.json_object());
  const CallerOptions options = TRY(read_caller_options(services, *request.caller));
  SdDrawing drawing = TRY(read_drawing(body, over_picture, options, services.catalogue));
  TRY(keep_pictures(services, request, drawing));
  if (!drawing.task_id.empty()) drawing.job.tags.push_back(task_tag(drawing.task_id));
  const Submitted submitted = TRY(services.jobs.submit(*request.caller, drawing.job));
  const auto exchange =
      std::make_shared<SdExchange>(services, request, reply, std::move(drawing), without_pictures(body));
  reply.on_disconnect(joining(services, *request.caller, submitted.job.id));
  return when_job_ended(services, *request.caller, submitted.job.id,
                        [exchange](const JobView& view) { answer_drawing(*exchange, view); });
}

template <bool over_picture>
void draw(Services& services, const Request& request, const Reply& reply) {
  if (const Result<void> taken = take_drawing(services, request, reply, over_picture); !taken)
    reply.send(error_response(Dialect::a1111, taken.error(), request));
}

const std::string kTextDrawingSchema = drawing_schema(false);
const std::string kPictureDrawingSchema = drawing_schema(true);
constexpr std::string_view kDrawingAnswerSchema =
    R"({"type":"object","required":["images","parameters","info"],"properties":{"images":{"type":"array","items":{"type":"string"}},"parameters":{"type":"object"},"info":{"type":"string"}}})";

const Route kA1111DrawingRoutes[] = {
    {.method = "POST",
     .path = "/sdapi/v1/txt2img",
     .access = Access::draw,
     .dialect = Dialect::a1111,
     .body_bytes_max = kDrawingBodyMax,
     .summary = "Draw pictures from a prompt, as A1111's API does",
     .handle = draw<false>,
     .body_schema = kTextDrawingSchema,
     .ok_schema = kDrawingAnswerSchema},
    {.method = "POST",
     .path = "/sdapi/v1/img2img",
     .access = Access::draw,
     .dialect = Dialect::a1111,
     .body_bytes_max = kDrawingBodyMax,
     .summary = "Draw over a picture, as A1111's API does",
     .handle = draw<true>,
     .body_schema = kPictureDrawingSchema,
     .ok_schema = kDrawingAnswerSchema},
};

}  // namespace

std::span<const Route> a1111_drawing_routes() { return kA1111DrawingRoutes; }

}  // namespace limner
