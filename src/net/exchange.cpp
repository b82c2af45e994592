#include "net/exchange.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>

#include "base/check.h"
#include "base/version.h"

namespace limner {
namespace {

constexpr size_t kHeaderBytesMax = 64u << 10;

// What libcurl's callbacks see of a transfer.
struct Transfer {
  const HttpRequest& request;
  AddressRule rule;
  HttpResponse response;
  size_t header_bytes = 0, body_bytes = 0;
  bool headers_whole = false;
  std::optional<Error> stopped;  // why a callback ended the transfer
  std::optional<Error> refused;  // the last address that the rule did not allow

  Error error(Code code, std::string message) const {
    return Error{code, request.url.authority(), std::move(message)};
  }
  // Ends the transfer: what a callback returns then is not what libcurl expects.
  void stop(Code code, std::string message) {
    if (!stopped) stopped = error(code, std::move(message));
  }
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  return first == text.npos ? "" : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// "HTTP/1.1 200 OK" begins an answer; an interim one (100, 103) may have come before it.
void begin_answer(std::string_view line, HttpResponse& response) {
  response.headers.clear();
  response.status = 0;
  const std::string_view status = line.substr(std::min(line.find(' ') + 1, line.size()));
  std::from_chars(status.data(), status.data() + std::min<size_t>(status.size(), 3), response.status);
}

size_t on_header(char* data, size_t size, size_t count, void* user) {
  Transfer& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  transfer.header_bytes += line.size();
  if (transfer.header_bytes > kHeaderBytesMax) {
    transfer.stop(Code::too_large, fmt::format("sent more than {} bytes of headers", kHeaderBytesMax));
    return 0;
  }
  if (transfer.body_bytes > 0) return line.size();  // trailers
  const size_t colon = line.find(':');
  transfer.headers_whole = trimmed(line).empty();
  if (line.starts_with("HTTP/"))
    begin_answer(line, transfer.response);
  else if (colon != line.npos)
    transfer.response.headers.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  return line.size();
}

size_t on_body(char* data, size_t size, size_t count, void* user) {
  Transfer& transfer = *static_cast<Transfer*>(user);
  const std::string_view piece(data, size * count);
  transfer.body_bytes += piece.size();
  if (transfer.body_bytes > transfer.request.response_bytes_max) {
    transfer.stop(Code::too_large,
                  fmt::format("sent more than the {} bytes allowed", transfer.request.response_bytes_max));
    return 0;
  }
  const int status = transfer.response.status;
  if (!transfer.request.on_data || status < 200 || status > 299) {
    transfer.response.body += piece;
  } else if (!transfer.request.on_data(piece)) {
    transfer.stop(Code::cancelled, "the receiver wants no more of the answer");
    return 0;
  }
  return piece.size();
}

std::string address_text(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address.sa_family == AF_INET) bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  if (address.sa_family == AF_INET6) bytes = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (bytes) ::inet_ntop(address.sa_family, bytes, text.data(), text.size());
  return text.data();
}

// The address of this very socket is asked about, after all resolving, so no second answer of a name server
// can lead elsewhere.
curl_socket_t on_open_socket(void* user, curlsocktype, curl_sockaddr* address) {
  Transfer& transfer = *static_cast<Transfer*>(user);
  const std::string text = address_text(address->addr);
  if (transfer.rule && !transfer.rule(text)) {
    // Not the end: a host may have addresses of both kinds, and libcurl goes on to the next. The address
    // stays unsaid: what our name servers know of our own network is no stranger's business.
    transfer.refused = transfer.error(Code::forbidden, "its address is not one that may be connected to");
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c <= '~' && std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
  });
}

bool is_header_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

Result<void> check_request(const HttpRequest& request) {
  if (!is_token(request.method))
    return invalid("method", fmt::format("{:?} is no HTTP method", request.method));
  for (const auto& [name, value] : request.headers)
    if (!is_token(name) || !is_header_value(value))
      return invalid("headers", fmt::format("{:?} or its value cannot stand in a header", name));
  return {};
}

using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

HeaderList header_list(const HttpRequest& request) {
  HeaderList list(nullptr, curl_slist_free_all);
  const auto append = [&list](const std::string& line) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    LIMNER_CHECK(longer, "libcurl has memory for a header");
    static_cast<void>(list.release());  // The longer list begins with the same node.
    list.reset(longer);
  };
  // libcurl would add these on its own; a name with nothing after its colon says no.
  append("Expect:");
  append("Accept:");
  append("Content-Type:");
  for (const auto& [name, value] : request.headers)
    append(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  return list;
}

void set_method_and_body(CURL* easy, const HttpRequest& request) {
  const bool has_body = !request.body.empty() || request.method == "POST" || request.method == "PUT" ||
                        request.method == "PATCH";
  if (has_body) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
  }
  if (request.method == "HEAD") curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_callbacks(CURL* easy, Transfer& transfer) {
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  if (!transfer.rule) return;
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &transfer);
  // A proxy would connect for us, and its address would be the one asked about.
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
}

long milliseconds(double seconds) {
  // Zero means "without limit" to libcurl.
  return std::lround(std::clamp(seconds * 1000, 1.0, 86'400'000.0));
}

void set_options(CURL* easy, Transfer& transfer, curl_slist* headers, char* error_text) {
  const HttpRequest& request = transfer.request;
  curl_easy_reset(easy);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_text);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // Without this, giving up on a name that does not resolve waits for the resolver all the same.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, fmt::format("limner/{}", kVersion).c_str());
  curl_easy_setopt(easy, CURLOPT_URL, request.url.text().c_str());
  // A signature is over the path as it was given.
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.connect_seconds));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(request.total_seconds));
  set_method_and_body(easy, request);
  set_callbacks(easy, transfer);
}

// The multi interface, though there is one transfer: only it lets us ask `stop` while nothing arrives.
CURLcode perform(CurlHandles& handles, Transfer& transfer) {
  constexpr int kStopPollMs = 100;
  LIMNER_CHECK(curl_multi_add_handle(handles.multi, handles.easy) == CURLM_OK, "a handle is idle when lent");
  int running = 1;
  while (running != 0 && !transfer.stopped) {
    if (curl_multi_perform(handles.multi, &running) != CURLM_OK) break;
    if (running == 0) break;
    curl_multi_poll(handles.multi, nullptr, 0, kStopPollMs, nullptr);
    if (transfer.request.stop && transfer.request.stop()) transfer.stop(Code::cancelled, "stopped");
  }
  CURLcode result = CURLE_ABORTED_BY_CALLBACK;
  int left = 0;
  if (const CURLMsg* message = curl_multi_info_read(handles.multi, &left)) result = message->data.result;
  curl_multi_remove_handle(handles.multi, handles.easy);
  return result;
}

Error no_answer(const Transfer& transfer, CURLcode result, std::string_view detail) {
  if (transfer.stopped) return *transfer.stopped;
  if (transfer.refused) return *transfer.refused;
  if (result == CURLE_OPERATION_TIMEDOUT)
    return transfer.error(Code::deadline,
                          fmt::format("no whole answer within {:.3g} s (connecting: {:.3g} s)",
                                      transfer.request.total_seconds, transfer.request.connect_seconds));
  return transfer.error(Code::unavailable, fmt::format("no whole answer: {}",
                                                       detail.empty() ? curl_easy_strerror(result) : detail));
}

}  // namespace

Result<HttpResponse> exchange(ConnectionPool& pool, const HttpRequest& request, AddressRule rule) {
  TRY(check_request(request));
  const auto started = std::chrono::steady_clock::now();
  const std::string origin = request.url.scheme + "://" + request.url.authority();
  Transfer transfer{.request = request, .rule = rule};
  std::array<char, CURL_ERROR_SIZE> error_text{};
  const HeaderList headers = header_list(request);
  std::unique_ptr<CurlHandles> handles = pool.take(origin, rule != nullptr);
  set_options(handles->easy, transfer, headers.get(), error_text.data());
  const CURLcode result = perform(*handles, transfer);
  // Nothing of this call may be pointed to by a handle that lies in the pool.
  curl_easy_reset(handles->easy);
  pool.put(std::move(handles), origin, rule != nullptr);
  if (result != CURLE_OK || transfer.stopped) return no_answer(transfer, result, error_text.data());
  // libcurl takes a connection that closes amid the headers for the end of an answer.
  if (!transfer.headers_whole) return no_answer(transfer, CURLE_RECV_ERROR, "it ends amid the headers");
  transfer.response.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return std::move(transfer.response);
}

}  // namespace limner
