// One error, three ways of saying it: RFC 9457 problem details, OpenAI's error object, FastAPI's detail.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "api/error_objects.h"
#include "jobs/policy_desk.h"

namespace limner {
namespace {

constexpr std::string_view kQuotaFields[] = {"concurrent_jobs", "pictures_per_day", "budget_micros",
                                             "requests_per_minute"};
constexpr std::string_view kBudget = "budget_micros";
constexpr std::string_view kIncident = "incident";  // no client can do anything about one

// What happened inside is for the log: an error of ours may hold a path or a query.
bool is_private(const Error& error, int status) {
  if (status < 500) return false;
  return error.code == Code::internal || error.code == Code::data_loss ||
         error.field.find('/') != std::string::npos;
}

Error public_error(const Error& error, int status, const Request& request) {
  if (!is_private(error, status)) return error;
  const char* what = status == 503 ? "the server cannot do this now" : "the server failed";
  return {error.code, {}, fmt::format("{}; its log has more under request {}", what, request.request_id), {}};
}

std::string sentence(const Error& error) {
  Error copy = error;
  if (!copy.field.empty() && copy.message.starts_with(copy.field)) copy.field.clear();
  return copy.text();
}

Json problem(int status, const Error& error, const Request& request) {
  Json body = {{"type", fmt::format("urn:limner:error:{}", code_name(error.code))},
               {"title", status_text(status)},
               {"status", status},
               {"detail", error.message},
               {"code", code_name(error.code)},
               {"request_id", request.request_id}};
  if (!error.field.empty()) body["field"] = error.field;
  if (!error.hint.empty()) body["hint"] = error.hint;
  return body;
}

const char* openai_type(int status, const Error& error) {
  if (error.code == Code::refused) return "image_generation_user_error";
  if (error.field == kBudget) return "insufficient_quota";
  if (status == 429) return "requests";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

Json openai_code(int status, const Error& error) {
  if (error.code == Code::refused) return "moderation_blocked";
  if (error.field == kIncident) return kIncident;
  if (error.field == kBudget) return "insufficient_quota";
  if (status == 429) return "rate_limit_exceeded";
  if (status == 401) return "invalid_api_key";
  if (status == 404 && error.field == "model") return "model_not_found";
  if (status >= 500) return nullptr;
  return code_name(error.code);
}

Json openai_error(int status, const Error& error, const Request& request) {
  std::string message = sentence(error);
  if (error.code == Code::refused) {
    message += fmt::format(" Request {}.", request.request_id);
    const std::vector<std::string> categories = categories_named(error.message);
    if (!categories.empty()) message += fmt::format(" safety_violations=[{}].", fmt::join(categories, ", "));
  }
  const Json param = error.field.empty() || status == 401 ? Json(nullptr) : Json(error.field);
  return {{"error",
           {{"message", message},
            {"type", openai_type(status, error)},
            {"param", param},
            {"code", openai_code(status, error)}}}};
}

// What FastAPI answers: a list of places for a wrong field (422), else a text.
Json a1111_error(int status, const Error& error) {
  if (status == 422) {
    Json place = {{"loc", {"body", error.field}}, {"msg", error.message}, {"type", "value_error"}};
    return {{"detail", Json::array({std::move(place)})}};
  }
  if (status >= 500)
    return {{"error", code_name(error.code)}, {"detail", sentence(error)}, {"body", ""}, {"errors", ""}};
  return {{"detail", sentence(error)}};
}

int dialect_status(Dialect dialect, int status, const Error& error) {
  if (dialect == Dialect::a1111 && status == 400 && !error.field.empty() && error.field != "body") return 422;
  return status;
}

void add_retry_headers(Response& response, Dialect dialect, const Error& error) {
  const bool may_pass = response.status == 429 || response.status == 503;
  std::optional<double> seconds = JobService::retry_after(error);
  if (response.status == 503 && !seconds) seconds = 1;
  if (may_pass && seconds && error.field != kBudget) {
    response.headers.emplace_back("Retry-After", fmt::format("{:.0f}", std::ceil(std::max(*seconds, 1.0))));
    response.headers.emplace_back("retry-after-ms", fmt::format("{:.0f}", std::ceil(*seconds * 1000)));
  }
  if (dialect != Dialect::openai) return;
  const bool useless = response.status == 409 || error.code == Code::refused || error.field == kBudget ||
                       error.field == "pictures_per_day" || error.field == kIncident ||
                       error.code == Code::data_loss;
  if (useless || may_pass) response.headers.emplace_back("x-should-retry", useless ? "false" : "true");
}

}  // namespace

bool is_quota(const Error& error) {
  return std::ranges::find(kQuotaFields, error.field) != std::end(kQuotaFields);
}

std::string_view status_text(int status) {
  struct Named {
    int status;
    std::string_view text;
  };
  static constexpr Named kNames[] = {{100, "Continue"},
                                     {200, "OK"},
                                     {201, "Created"},
                                     {202, "Accepted"},
                                     {204, "No Content"},
                                     {206, "Partial Content"},
                                     {302, "Found"},
                                     {303, "See Other"},
                                     {304, "Not Modified"},
                                     {307, "Temporary Redirect"},
                                     {400, "Bad Request"},
                                     {401, "Unauthorized"},
                                     {403, "Forbidden"},
                                     {404, "Not Found"},
                                     {405, "Method Not Allowed"},
                                     {408, "Request Timeout"},
                                     {409, "Conflict"},
                                     {410, "Gone"},
                                     {411, "Length Required"},
                                     {413, "Content Too Large"},
                                     {414, "URI Too Long"},
                                     {415, "Unsupported Media Type"},
                                     {416, "Range Not Satisfiable"},
                                     {417, "Expectation Failed"},
                                     {422, "Unprocessable Content"},
                                     {429, "Too Many Requests"},
                                     {431, "Request Header Fields Too Large"},
                                     {499, "Client Closed Request"},
                                     {500, "Internal Server Error"},
                                     {501, "Not Implemented"},
                                     {503, "Service Unavailable"},
                                     {504, "Gateway Timeout"},
                                     {505, "HTTP Version Not Supported"}};
  const auto found = std::ranges::find(kNames, status, &Named::status);
  return found == std::end(kNames) ? "Status" : found->text;
}

int http_status(Code code) {
  switch (code) {
    case Code::invalid:
    case Code::unsupported:
    case Code::refused:
      return 400;
    case Code::unauthenticated:
      return 401;
    case Code::forbidden:
      return 403;
    case Code::not_found:
      return 404;
    case Code::conflict:
    case Code::cancelled:
      return 409;
    case Code::too_large:
      return 413;
    case Code::exhausted:
      return 429;
    case Code::unavailable:
      return 503;
    case Code::deadline:
      return 504;
    case Code::data_loss:
    case Code::internal:
      return 500;
  }
  return 500;
}

namespace {

// A full disk is not the client's doing, and a deadline that was never possible is.
int status_of(const Error& error) {
  if (error.code == Code::exhausted && !is_quota(error) && !JobService::retry_after(error)) return 503;
  if (error.code == Code::deadline && error.field == "deadline_seconds") return 400;
  return http_status(error.code);
}

}  // namespace

Response error_response_with_status(int status, Dialect dialect, const Error& error, const Request& request) {
  status = dialect_status(dialect, status, error);
  const Error shown = public_error(error, status, request);
  Response response;
  switch (dialect) {
    case Dialect::native:
      response = json_response(status, problem(status, shown, request));
      response.content_type = "application/problem+json";
      break;
    case Dialect::openai:
      response = json_response(status, openai_error(status, shown, request));
      break;
    case Dialect::a1111:
      response = json_response(status, a1111_error(status, shown));
      break;
  }
  if (status == 401)
    response.headers.emplace_back(
        "WWW-Authenticate", dialect == Dialect::a1111 ? "Basic realm=\"limner\"" : "Bearer realm=\"limner\"");
  add_retry_headers(response, dialect, error);
  if (status >= 500) response.log_note = error.text();
  return response;
}

Response error_response(Dialect dialect, const Error& error, const Request& request) {
  return error_response_with_status(status_of(error), dialect, error, request);
}

}  // namespace limner
