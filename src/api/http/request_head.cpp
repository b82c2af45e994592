#include "api/http/request_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/http/header_text.h"
#include "net/url.h"

namespace limner {
namespace {

Refusal refuse(int status, std::string field, std::string message) {
  return {status, invalid(std::move(field), std::move(message))};
}
using Checked = std::optional<Refusal>;  // nothing: all is well

// "" for a line that is no header line.
Checked add_header(RequestHead& head, std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t')
    return refuse(400, "headers", "a folded line; RFC 9112 forbids them");
  const size_t colon = line.find(':');
  if (colon == line.npos || !is_token(line.substr(0, colon)))
    return refuse(400, "headers", "a line that is not NAME: VALUE");
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (std::ranges::any_of(value, is_control)) return refuse(400, "headers", "a control character in a value");
  head.headers.emplace_back(lower_case(line.substr(0, colon)), value);
  return {};
}

Checked split_target(RequestHead& head) {
  std::string_view path = head.target;
  const size_t question = path.find('?');
  const std::string_view query = question == path.npos ? std::string_view() : path.substr(question + 1);
  path = path.substr(0, question);
  for (size_t from = 1; from <= path.size();) {
    const size_t slash = std::min(path.find('/', from), path.size());
    auto segment = percent_decode(path.substr(from, slash - from), "path", false);
    if (!segment) return Refusal{400, segment.error()};
    head.path += '/' + segment.value();
    head.path_segments.push_back(std::move(segment).value());
    from = slash + 1;
  }
  for (size_t from = 0; from < query.size();) {
    const size_t end = std::min(query.find('&', from), query.size());
    const std::string_view pair = query.substr(from, end - from);
    const size_t equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), "query", true);
    if (!name) return Refusal{400, name.error()};
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), "query", true);
    if (!value) return Refusal{400, value.error()};
    if (!pair.empty()) head.query.emplace_back(std::move(name).value(), std::move(value).value());
    from = end + 1;
  }
  return {};
}

Checked read_request_line(RequestHead& head, std::string_view line, const HeadLimits& limits,
                          std::string& authority) {
  const size_t first = line.find(' '), last = line.rfind(' ');
  if (first == line.npos || first == last) return refuse(400, "request line", "not METHOD TARGET VERSION");
  const std::string_view version = line.substr(last + 1);
  head.method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, last - first - 1);
  if (!version.starts_with("HTTP/")) return refuse(400, "request line", "not METHOD TARGET VERSION");
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return refuse(505, "request line", "HTTP/1.1 and HTTP/1.0 are spoken here");
  head.minor_version = version.back() - '0';
  if (!is_token(head.method)) return refuse(400, "method", "not a token");
  if (target.size() > limits.target_bytes_max)
    return refuse(414, "target", fmt::format("longer than {} bytes", limits.target_bytes_max));
  const auto outside = [](char c) { return c <= 0x20 || c >= 0x7f || c == '#'; };
  if (std::ranges::any_of(target, outside)) return refuse(400, "target", "characters that a URL has encoded");
  for (const std::string_view scheme : {"http://", "https://"})
    if (lower_case(target.substr(0, scheme.size())) == scheme) {
      target.remove_prefix(scheme.size());
      const size_t end = std::min(target.find_first_of("/?"), target.size());
      authority = lower_case(target.substr(0, end));
      target.remove_prefix(end);
      if (!target.starts_with('/')) head.target = "/";
      break;
    }
  head.target += target;
  if (head.target == "*" && head.method == "OPTIONS") return {};
  if (!head.target.starts_with('/')) return refuse(400, "target", "not a path");
  return split_target(head);
}

Checked check_host(const RequestHead& head, const std::string& authority) {
  const auto hosts =
      std::ranges::count(head.headers, std::string("host"), &std::pair<std::string, std::string>::first);
  if (hosts > 1) return refuse(400, "Host", "given more than once");
  if (hosts == 0 && head.minor_version == 1) return refuse(400, "Host", "missing");
  const std::string host = lower_case(head.header("host"));
  const auto outside = [](char c) {
    return !(is_alphanumeric(c) || std::string_view("-._~:[]%!$&'()*+,;=").find(c) != std::string_view::npos);
  };
  if (std::ranges::any_of(host, outside)) return refuse(400, "Host", "not a host");
  if (!authority.empty() && authority != host) return refuse(400, "Host", "the target names another host");
  return {};
}

Checked read_length(RequestHead& head) {
  bool coded = false;
  for (const auto& [name, value] : head.headers) {
    if (name == "content-length") {
      uint64_t length = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
      if (error != std::errc() || end != value.data() + value.size() || value.empty())
        return refuse(400, "Content-Length", "not a whole number of bytes");
      if (head.content_length) return refuse(400, "Content-Length", "given more than once");
      head.content_length = length;
    } else if (name == "transfer-encoding") {
      if (coded) return refuse(400, "Transfer-Encoding", "given more than once");
      coded = true;
      if (lower_case(value) != "chunked")
        return refuse(501, "Transfer-Encoding", "only chunked is understood");
      head.chunked = true;
    }
  }
  if (head.chunked && head.content_length)
    return refuse(400, "Content-Length", "together with Transfer-Encoding");
  if (head.chunked && head.minor_version == 0)
    return refuse(400, "Transfer-Encoding", "HTTP/1.0 does not have it");
  return {};
}

Checked read_connection(RequestHead& head) {
  head.keep_alive = head.minor_version == 1;
  for (const auto& [name, value] : head.headers) {
    if (name == "connection" && list_contains(value, "close")) head.keep_alive = false;
    if (name == "expect") {
      if (lower_case(value) != "100-continue")
        return refuse(417, "Expect", "only 100-continue can be expected");
      head.expects_continue = head.minor_version == 1;
    }
  }
  return {};
}

}  // namespace

std::string_view RequestHead::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

size_t find_head_end(std::string_view input, size_t& scanned) {
  const size_t end = input.find("\r\n\r\n", scanned);
  if (end != input.npos) return end + 4;
  scanned = input.size() < 3 ? 0 : input.size() - 3;
  return 0;
}

std::variant<RequestHead, Refusal> parse_request_head(std::string_view text, const HeadLimits& limits) {
  RequestHead head;
  std::string authority;
  bool first = true;
  while (text.size() > 2) {  // The empty line is left.
    const size_t end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    if (line.empty() || line.find_first_of("\r\n") != line.npos)
      return refuse(400, "headers", "a bare carriage return or line feed");
    if (head.headers.size() >= limits.headers_max)
      return refuse(431, "headers", fmt::format("more than {} lines", limits.headers_max));
    const Checked wrong = first ? read_request_line(head, line, limits, authority) : add_header(head, line);
    if (wrong) return *wrong;
    first = false;
  }
  if (Checked wrong = check_host(head, authority)) return *wrong;
  if (Checked wrong = read_length(head)) return *wrong;
  if (Checked wrong = read_connection(head)) return *wrong;
  return head;
}

}  // namespace limner
