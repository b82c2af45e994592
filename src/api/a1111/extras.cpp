// /sdapi/v1/extra-single-image, /extra-batch-images, /png-info: what A1111 does with pictures that are there.

#include <fmt/format.h>

#include <cmath>

#include "api/a1111/caller_options.h"
#include "api/a1111/handler.h"
#include "api/inline_pictures.h"
#include "api/job_outcome.h"
#include "api/job_wait.h"
#include "api/picture_urls.h"
#include "api/route_groups.h"
#include "api/schemas.h"
#include "base/crypto.h"
#include "engine/drawing_file.h"
#include "image/codec.h"
#include "image/file_metadata.h"
#include "image/infotext.h"
#include "image/resize.h"
#include "jobs/picture_marker.h"

namespace limner {
namespace {

constexpr size_t kExtrasBodyMax = 140u << 20;

/// How large the result is to be.
struct Target {
  double factor = 2;  ///< of the source's sides; 0: width and height say it
  int width = 0, height = 0;
};

struct Extra {
  std::string upscaler;  ///< empty: none
  Target target;
};

Result<double> number(const Json& body, const char* name, double otherwise, double least, double most) {
  if (!body.contains(name) || body[name].is_null()) return otherwise;
  if (!body[name].is_number() || !(body[name].get<double>() >= least && body[name].get<double>() <= most))
    return invalid(name, fmt::format("is no number from {} to {}", least, most));
  return body[name].get<double>();
}

Result<Extra> read_extra(const Json& body, const char* pictures) {
  constexpr std::string_view kTaken[] = {"resize_mode",         "upscaling_resize", "upscaling_resize_w",
                                         "upscaling_resize_h",  "upscaling_crop",   "upscaler_1",
                                         "show_extras_results", "upscale_first"};
  constexpr std::string_view kInert[] = {"upscaler_2", "extras_upscaler_2_visibility", "gfpgan_visibility",
                                         "codeformer_visibility", "codeformer_weight"};
  for (const auto& [name, value] : body.items()) {
    const bool inert = std::find(std::begin(kInert), std::end(kInert), name) != std::end(kInert);
    if (inert && !is_neutral(value))
      return unsupported(name, fmt::format("{} would have no effect here", value.dump().substr(0, 80)),
                         "leave it away");
    if (!inert && name != pictures &&
        std::find(std::begin(kTaken), std::end(kTaken), name) == std::end(kTaken))
      return invalid(name.substr(0, 80), "is no field of this request");
  }
  Extra extra;
  const Json upscaler = body.value("upscaler_1", Json("None"));
  if (!upscaler.is_string()) return invalid("upscaler_1", "is no text");
  if (upscaler != "None") extra.upscaler = upscaler.get<std::string>();
  const double mode = TRY(number(body, "resize_mode", 0, 0, 1));
  extra.target.factor = TRY(number(body, "upscaling_resize", 2, 1, 8));
  if (mode == 1) {
    extra.target.factor = 0;
    extra.target.width = static_cast<int>(TRY(number(body, "upscaling_resize_w", 512, 1, 16384)));
    extra.target.height = static_cast<int>(TRY(number(body, "upscaling_resize_h", 512, 1, 16384)));
    if (body.value("upscaling_crop", Json(false)) == true)
      return unsupported("upscaling_crop", "true: pictures are fitted, not cropped", "send false");
  }
  return extra;
}

std::string text_of_file(const std::vector<std::byte>& file) {
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

// The network enlarges by what it was trained for; the rest of the way is resampled. No pixels: the picture
// is as large as that already.
Result<Picture> fit(const std::string& bytes, int source_width, int source_height, const Target& target,
                    const DecodeLimits& limits) {
  const Picture picture = TRY(decode_picture(as_bytes(bytes), "image", limits));
  const int width =
      target.factor > 0 ? static_cast<int>(std::lround(source_width * target.factor)) : target.width;
  const int height =
      target.factor > 0 ? static_cast<int>(std::lround(source_height * target.factor)) : target.height;
  if (int64_t{width} * height > limits.pixels_max)
    return Error{Code::too_large, "upscaling_resize", fmt::format("makes a picture of {}x{}", width, height),
                 ""};
  if (picture.width == width && picture.height == height) return Picture{};
  return resize(picture, width, height, ResizeFilter::lanczos);
}

// The file of a picture that was fitted after its job had marked and stored it as the network made it: with
// that one's texts, the id of that one in the pixels, and that one as the manifest's ingredient.
Result<std::string> marked_again(Services& services, const Picture& fitted, const std::string& enlarged,
                                 const PictureRow& row, const std::string& upscaler) {
  const PictureMarker* marker = services.worker.marker();
  if (marker == nullptr || !marker->marks()) return text_of_file(TRY(encode_picture(fitted, {})));
  const FileMetadata said = TRY(read_file_metadata(as_bytes(enlarged), "image"));
  FileTexts texts{said.infotext, said.limner_json};
  PixelMarks marks = TRY(marker->mark_pixels(fitted, row.job, row.position));
  marks.json["manifest"] = marker->signs(Format::png);
  if (!texts.json.empty()) {
    Json json = TRY(parse_json(texts.json, "metadata"));
    if (json.is_object()) json["marks"] = marks.json;
    texts.json = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  PictureOrigin origin;
  origin.time = services.clock.now();
  origin.parent = ParentPicture{row.id + ".png", enlarged};
  origin.model = upscaler;
  origin.watermark = std::move(marks.binding);
  std::vector<std::byte> file = TRY(encode_drawing(marks.picture, texts, {}));
  return text_of_file(TRY(marker->sign(std::move(file), Format::png, std::move(origin))));
}

/// Pictures that are enlarged one after the other: each is a job of its own.
struct ExtrasExchange {
  Services& services;
  Request request;
  Reply reply;
  Extra extra;
  std::vector<std::string> files;
  bool single = true;
  Json images = Json::array();
};
using ExtrasExchangePtr = std::shared_ptr<ExtrasExchange>;

Result<std::string> undo_base64(Services& services, std::string_view text, const char* field) {
  if (text.starts_with("data:")) text.remove_prefix(std::min(text.size(), text.find(',') + 1));
  return from_base64(text, field, services.uploads.limits().picture_bytes_max);
}

void go_on(const ExtrasExchangePtr& exchange);

void fail(const ExtrasExchange& exchange, const Error& error) {
  exchange.reply.send(error_response(Dialect::a1111, error, exchange.request));
}

// `row`: of what an upscaler made; none for a picture that was brought and is only resampled.
Result<void> add_image(ExtrasExchange& exchange, const std::string& enlarged, const PictureRow* row) {
  Services& services = exchange.services;
  const DecodeLimits& limits = services.uploads.limits().decode;
  const Picture source =
      TRY(decode_picture(as_bytes(exchange.files[exchange.images.size()]), "image", limits));
  const Picture fitted = TRY(fit(enlarged, source.width, source.height, exchange.extra.target, limits));
  if (fitted.empty())
    exchange.images.push_back(to_base64(enlarged));
  else if (row != nullptr)
    exchange.images.push_back(
        to_base64(TRY(marked_again(services, fitted, enlarged, *row, exchange.extra.upscaler))));
  else
    exchange.images.push_back(to_base64(text_of_file(TRY(encode_picture(fitted, {})))));
  return {};
}

void take_enlarged(const ExtrasExchangePtr& exchange, const JobView& view) {
  if (const std::optional<Error> error = error_of(view.job)) return fail(*exchange, *error);
  if (view.pictures.empty()) return fail(*exchange, {Code::not_found, "image", "it was deleted", ""});
  const Result<std::string> bytes = picture_bytes(exchange->services, view, 0);
  if (!bytes) return fail(*exchange, bytes.error());
  if (const Result<void> added = add_image(*exchange, *bytes, &view.pictures[0]); !added)
    return fail(*exchange, added.error());
  go_on(exchange);
}

Result<void> enlarge_next(const ExtrasExchangePtr& exchange) {
  const std::string& file = exchange->files[exchange->images.size()];
  if (exchange->extra.upscaler.empty()) {
    TRY(add_image(*exchange, file, nullptr));
    go_on(exchange);
    return {};
  }
  Services& services = exchange->services;
  const Caller& caller = *exchange->request.caller;
  JobRequest job;
  job.task = "upscale";
  job.upscaler = exchange->extra.upscaler;
  job.init = TRY(keep_picture_bytes(services, exchange->request, file, "image"));
  const Submitted submitted = TRY(services.jobs.submit(caller, job));
  exchange->reply.on_disconnect(joining(services, caller, submitted.job.id));
  return when_job_ended(services, caller, submitted.job.id,
                        [exchange](const JobView& view) { take_enlarged(exchange, view); });
}

void go_on(const ExtrasExchangePtr& exchange) {
  if (exchange->images.size() == exchange->files.size()) {
    Json body = {{"html_info", ""}};
    if (exchange->single)
      body["image"] = exchange->images[0];
    else
      body["images"] = exchange->images;
    exchange->reply.send(json_response(200, body));
    return;
  }
  if (const Result<void> next = enlarge_next(exchange); !next) fail(*exchange, next.error());
}

Result<std::vector<std::string>> files_of(Services& services, const Json& body, bool single) {
  constexpr size_t kFilesMax = 16;
  std::vector<std::string> files;
  if (single) {
    if (!body.contains("image") || !body["image"].is_string()) return invalid("image", "is missing");
    std::string file = TRY(undo_base64(services, body["image"].get_ref<const std::string&>(), "image"));
    files.push_back(std::move(file));
    return files;
  }
  if (!body.contains("imageList") || !body["imageList"].is_array()) return invalid("imageList", "is missing");
  if (body["imageList"].empty() || body["imageList"].size() > kFilesMax)
    return invalid("imageList", fmt::format("has not 1 to {} pictures", kFilesMax));
  for (const Json& entry : body["imageList"]) {
    if (!entry.is_object() || !entry.contains("data") || !entry["data"].is_string())
      return invalid("imageList", R"(is no array of {"data","name"})");
    std::string file = TRY(undo_base64(services, entry["data"].get_ref<const std::string&>(), "imageList"));
    files.push_back(std::move(file));
  }
  return files;
}

Result<void> take_extras(Services& services, const Request& request, const Reply& reply, bool single) {
  const Json body = TRY(request.json_object());
  const Extra extra = TRY(read_extra(body, single ? "image" : "imageList"));
  std::vector<std::string> files = TRY(files_of(services, body, single));
  const auto exchange = std::make_shared<ExtrasExchange>(
      ExtrasExchange{services, request, reply, extra, std::move(files), single});
  std::string().swap(exchange->request.body);
  go_on(exchange);
  return {};
}

template <bool single>
void enlarge(Services& services, const Request& request, const Reply& reply) {
  if (const Result<void> taken = take_extras(services, request, reply, single); !taken)
    reply.send(error_response(Dialect::a1111, taken.error(), request));
}

Result<Json> png_info(Services& services, const Request& request) {
  const Json body = TRY(request.json_object());
  if (!body.contains("image") || !body["image"].is_string()) return invalid("image", "is missing");
  const std::string file = TRY(undo_base64(services, body["image"].get_ref<const std::string&>(), "image"));
  const FileMetadata metadata = TRY(read_file_metadata(as_bytes(file), "image"));
  Json parameters = Json::object(), items = Json::object();
  if (!metadata.infotext.empty()) {
    const Infotext infotext = TRY(parse_infotext(metadata.infotext));
    parameters["Prompt"] = infotext.prompt;
    parameters["Negative prompt"] = infotext.negative;
    for (const auto& [name, value] : infotext.fields) parameters[name] = value;
    items["parameters"] = metadata.infotext;
  }
  if (!metadata.limner_json.empty()) items["limner"] = metadata.limner_json;
  return Json{
      {"info", metadata.infotext}, {"items", std::move(items)}, {"parameters", std::move(parameters)}};
}

const Route kA1111ExtraRoutes[] = {
    {.method = "POST",
     .path = "/sdapi/v1/extra-single-image",
     .access = Access::draw,
     .dialect = Dialect::a1111,
     .body_bytes_max = kExtrasBodyMax,
     .summary = "Enlarge a picture",
     .handle = enlarge<true>,
     .body_schema = kObjectSchema,
     .ok_schema = kObjectSchema},
    {.method = "POST",
     .path = "/sdapi/v1/extra-batch-images",
     .access = Access::draw,
     .dialect = Dialect::a1111,
     .body_bytes_max = kExtrasBodyMax,
     .summary = "Enlarge several pictures",
     .handle = enlarge<false>,
     .body_schema = kObjectSchema,
     .ok_schema = kObjectSchema},
    {.method = "POST",
     .path = "/sdapi/v1/png-info",
     .access = Access::read,
     .dialect = Dialect::a1111,
     .body_bytes_max = kExtrasBodyMax,
     .summary = "The parameters that a picture's file tells",
     .handle = answer_a1111<png_info>,
     .body_schema = kObjectSchema,
     .ok_schema = kObjectSchema},
};

}  // namespace

std::span<const Route> a1111_extra_routes() { return kA1111ExtraRoutes; }

}  // namespace limner
