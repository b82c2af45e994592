#include "net/redirect.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <memory>

namespace limner {
namespace {

// Everything else might be a credential under a name of somebody's own ("x-api-key", "x-amz-security-token").
constexpr std::string_view kGoesToStrangers[] = {"accept", "accept-language", "user-agent", "content-type",
                                                 "range",  "if-none-match",   "traceparent"};

bool equal_names(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool goes_to_strangers(std::string_view name) {
  return std::ranges::any_of(kGoesToStrangers,
                             [name](std::string_view known) { return equal_names(name, known); });
}

// `location` as seen from `base`: it may leave out anything that stays as it was (RFC 3986, section 5).
Result<Url> resolve(const Url& base, std::string_view location) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> handle(curl_url(), curl_url_cleanup);
  char* text = nullptr;
  const bool resolved =
      handle && curl_url_set(handle.get(), CURLUPART_URL, base.text().c_str(), 0) == CURLUE_OK &&
      curl_url_set(handle.get(), CURLUPART_URL, std::string(location).c_str(), 0) == CURLUE_OK &&
      curl_url_get(handle.get(), CURLUPART_URL, &text, 0) == CURLUE_OK;
  const std::unique_ptr<char, decltype(&curl_free)> owned(text, curl_free);
  if (!resolved)
    return Error{Code::forbidden, base.authority(), "redirects to something that is no http or https URL"};
  Result<Url> url = parse_url(owned.get(), base.authority());
  if (!url)
    return Error{Code::forbidden, base.authority(),
                 "redirects to a URL not accepted: " + url.error().message};
  if (base.scheme == "https" && url->scheme != "https")
    return Error{Code::forbidden, base.authority(), "redirects from https to http"};
  return url;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// RFC 9110, section 15.4: 303 asks for a GET; 301 and 302 are answered with one where a POST was sent.
bool becomes_get(int status, std::string_view method) {
  if (method == "GET" || method == "HEAD") return false;
  return status == 303 || ((status == 301 || status == 302) && method == "POST");
}

}  // namespace

Result<std::optional<HttpRequest>> next_request(const HttpRequest& request, const HttpResponse& response) {
  const std::string_view location = response.header("location");
  if (!is_redirect(response.status) || location.empty()) return std::optional<HttpRequest>();
  HttpRequest next = request;
  next.url = TRY(resolve(request.url, location));
  if (becomes_get(response.status, request.method)) {
    next.method = "GET";
    next.body = {};
    std::erase_if(next.headers, [](const auto& header) { return equal_names(header.first, "content-type"); });
  }
  const bool same_origin =
      next.url.scheme == request.url.scheme && next.url.authority() == request.url.authority();
  if (!same_origin)
    std::erase_if(next.headers, [](const auto& header) { return !goes_to_strangers(header.first); });
  return std::optional<HttpRequest>(std::move(next));
}

Result<HttpResponse> follow(ConnectionPool& pool, const HttpRequest& request, AddressRule rule) {
  HttpRequest current = request;
  double seconds = 0;
  for (int hop = 0;; ++hop) {
    HttpResponse response = TRY(exchange(pool, current, rule));
    response.seconds = seconds += response.seconds;
    if (request.redirects_max == 0) return response;
    std::optional<HttpRequest> next = TRY(next_request(current, response));
    if (!next) return response;
    if (hop == request.redirects_max)
      return Error{Code::unavailable, request.url.authority(),
                   fmt::format("redirects more than {} times", request.redirects_max)};
    current = std::move(*next);
    current.total_seconds = request.total_seconds - seconds;
  }
}

}  // namespace limner
