#include "api/http/response_head.h"

#include <fmt/format.h>

#include <ctime>
#include <iterator>

#include "api/error_objects.h"
#include "api/http/header_text.h"

namespace limner {
namespace {

void add(std::string& head, std::string_view name, std::string_view value) {
  head += name;
  head += ": ";
  for (const char c : value) head += is_control(c) ? ' ' : c;
  head += "\r\n";
}

}  // namespace

std::string http_date(TimeUs time) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = time / kSecondUs;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday], parts.tm_mday,
                     kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

bool is_bodiless(int status) { return status < 200 || status == 204 || status == 304; }

std::string chunk(std::string_view bytes) { return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes); }

std::string response_head(const Response& response, std::span<const std::pair<std::string, std::string>> more,
                          Framing framing, bool keep_alive, TimeUs now) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, status_text(response.status));
  add(head, "Date", http_date(now));
  if (!is_bodiless(response.status)) {
    add(head, "Content-Type", response.content_type);
    if (framing == Framing::length) add(head, "Content-Length", fmt::format("{}", response.body.size()));
    if (framing == Framing::chunked) add(head, "Transfer-Encoding", "chunked");
  }
  for (const auto& [name, value] : response.headers) add(head, name, value);
  for (const auto& [name, value] : more) add(head, name, value);
  if (!keep_alive) add(head, "Connection", "close");
  head += "\r\n";
  return head;
}

}  // namespace limner
