// /v1/pictures: what was drawn.

#include <fmt/format.h>

#include "api/answer_with.h"
#include "api/byte_range.h"
#include "api/http/header_text.h"
#include "api/native/job_json.h"
#include "api/picture_urls.h"
#include "api/query_values.h"
#include "api/route_groups.h"
#include "api/time_text.h"
#include "base/ids.h"
#include "image/format.h"
#include "jobs/json_values.h"

namespace limner {
namespace {

constexpr int kUrlSecondsMax = 7 * 86'400;

Error no_picture(const std::string& id) {
  return not_found("id", fmt::format("there is no picture {}", is_id(id, "pic") ? id : "of that name"));
}

Result<Response> get_picture(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const PictureRow picture = TRY(services.jobs.find_picture(*request.caller, request.captures[0]));
  Json json = picture_json(services, request, picture);
  json["bytes_sent"] = picture.bytes_sent;
  json["metadata"] = picture.metadata;
  json["unreadable"] = text_or_null(picture.unreadable);
  return json_response(200, json);
}

// By key, or by a signature that the URL carries.
Result<PictureRow> picture_to_send(Services& services, const Request& request) {
  const std::string& id = request.captures[0];
  const std::optional<std::string> signature = request.query_value("signature");
  if (!signature) {
    if (!request.caller)
      return Error{Code::unauthenticated, "Authorization", "a key or a signed URL is needed", {}};
    return services.jobs.find_picture(*request.caller, id);
  }
  TRY(services.signer.check(request.path, request.query_value("expires").value_or(""), *signature,
                            services.clock.now()));
  return services.ledger.pictures().find(id);
}

std::string media_type_of(const PictureRow& picture) {
  const Result<Format> format = format_from_name(picture.format, "format");
  return format ? std::string(format_media_type(format.value())) : "application/octet-stream";
}

bool lists_entity_tag(std::string_view list, const std::string& tag) {
  return trimmed(list) == "*" || list_contains(list, tag) || list_contains(list, "w/" + tag);
}

Result<Response> get_bytes(Services& services, const Request& request) {
  TRY(request.check_query({"expires", "signature"}));
  const PictureRow picture = TRY(picture_to_send(services, request));
  if (picture.deleted != 0) return no_picture(picture.id);
  TRY(services.worker.containment().check_picture(picture));

  Response response;
  response.content_type = media_type_of(picture);
  const std::string tag = '"' + picture.sha256 + '"';
  const std::string_view extension =
      std::string_view(picture.key).substr(std::min(picture.key.rfind('.'), picture.key.size()));
  response.headers = {
      {"ETag", tag},
      {"Accept-Ranges", "bytes"},
      {"Cache-Control", "private, max-age=31536000, immutable"},
      {"Content-Disposition", fmt::format("inline; filename=\"{}{}\"", picture.id, extension)}};
  if (lists_entity_tag(request.header("if-none-match"), tag)) {
    response.status = 304;
    return response;
  }
  std::string bytes = TRY(read_picture_file(services, picture));
  std::optional<ByteRange> range = parse_range(request.header("range"), bytes.size());
  if (!request.header("if-range").empty() && request.header("if-range") != tag) range.reset();
  if (range && !range->satisfiable) {
    Response refusal =
        error_response(Dialect::native, invalid("Range", "beyond the end of the picture"), request);
    refusal.status = 416;
    refusal.headers.emplace_back("Content-Range", fmt::format("bytes */{}", bytes.size()));
    return refusal;
  }
  if (range) {
    response.status = 206;
    response.headers.emplace_back("Content-Range",
                                  fmt::format("bytes {}-{}/{}", range->first, range->last, bytes.size()));
    bytes = bytes.substr(range->first, range->last - range->first + 1);
  }
  if (request.method != "HEAD") count_sent(services, picture, bytes.size());
  response.body = std::move(bytes);
  return response;
}

Result<Response> delete_picture(Services& services, const Request& request) {
  TRY(request.check_query({}));
  TRY(services.jobs.delete_picture(*request.caller, request.captures[0]));
  Response response;
  response.status = 204;
  return response;
}

Result<Response> make_url(Services& services, const Request& request) {
  TRY(request.check_query({}));
  const Json body = TRY(request.json_object());
  int seconds = services.config.picture_url_seconds;
  for (const auto& [key, value] : body.items()) {
    if (key != "seconds") return invalid(key, "there is no such key; there is: seconds");
    seconds = TRY(read_whole(value, "seconds", 1, kUrlSecondsMax));
  }
  const PictureRow picture = TRY(services.jobs.find_picture(*request.caller, request.captures[0]));
  if (picture.deleted != 0) return no_picture(picture.id);
  TRY(services.worker.containment().check_picture(picture));
  const TimeUs expires = services.clock.now() + seconds * kSecondUs;
  return json_response(
      200, {{"url", picture_url(services, request, picture, seconds)}, {"expires", time_json(expires)}});
}

const Route kPictureRoutes[] = {
    {.method = "GET",
     .path = "/v1/pictures/{id}",
     .access = Access::read,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "What is known of a picture: parameters, digest, cost, a signed URL.",
     .handle = answer_with<get_picture>,
     .ok_schema = "#Picture"},
    {.method = "GET",
     .path = "/v1/pictures/{id}/bytes",
     .access = Access::read_or_signature,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "The picture's file. Takes Range and If-None-Match.",
     .handle = answer_with<get_bytes>,
     .query = {{"expires", kTextSchema, "Of a signed URL."}, {"signature", kTextSchema, "Of a signed URL."}},
     .ok_type = "image/*"},
    {.method = "DELETE",
     .path = "/v1/pictures/{id}",
     .access = Access::draw,
     .dialect = Dialect::native,
     .body_bytes_max = 0,
     .summary = "Delete a picture.",
     .handle = answer_with<delete_picture>,
     .ok_status = 204},
    {.method = "POST",
     .path = "/v1/pictures/{id}/url",
     .access = Access::read,
     .dialect = Dialect::native,
     .body_bytes_max = 1024,
     .summary = "Make a URL under which anybody can fetch the picture for a while.",
     .handle = answer_with<make_url>,
     .body_schema =
         R"({"type":"object","properties":{"seconds":{"type":"integer","minimum":1,"maximum":604800}},"additionalProperties":false})",
     .ok_schema =
         R"({"type":"object","properties":{"url":{"type":"string"},"expires":{"type":"string"}},"required":["url","expires"]})"},
};

}  // namespace

std::span<const Route> picture_routes() { return kPictureRoutes; }

}  // namespace limner
