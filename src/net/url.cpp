#include "net/url.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace limner {
namespace {

constexpr size_t kUrlBytesMax = 2048;
constexpr int kPortMax = 65535;

int port_of(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || is_digit(c) || c == '.' || c == '-' || c == '_';
}

// Programs that resolve names read 2130706433, 0x7f.1 and 0177.0.0.1 as 127.0.0.1. A host whose last label is
// a number is an address to them, so here it is one in the usual form or nothing.
bool looks_like_a_number(std::string_view host) {
  const std::string_view label = host.substr(host.rfind('.') + 1);
  return label.starts_with("0x") || (!label.empty() && std::ranges::all_of(label, is_digit));
}

template <class Address>
bool is_address(int family, const std::string& host) {
  Address address;
  return ::inet_pton(family, host.c_str(), &address) == 1;
}

Result<void> check_name(const std::string& host, const std::string& field) {
  if (host.empty() || host.size() > 253 || !std::ranges::all_of(host, is_host_character) ||
      host.front() == '.' || host.find("..") != host.npos)
    return invalid(field, fmt::format("{:?} is not a host name", host), "use letters, digits, '-' and '.'");
  std::string_view name = host;
  if (name.ends_with('.')) name.remove_suffix(1);
  if (looks_like_a_number(name) && !is_address<in_addr>(AF_INET, host))
    return invalid(field, fmt::format("{} is not an IPv4 address", host), "write it as 192.0.2.1");
  return {};
}

// "host", "host:port", "[address]" or "[address]:port".
Result<void> read_authority(std::string_view text, const std::string& field, Url& url) {
  if (text.find('@') != text.npos)
    return invalid(field, "a user name or password in a URL is not accepted", "configure credentials apart");
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    url.host = lower(text.substr(1, end == text.npos ? end : end - 1));
    if (end == text.npos || !is_address<in6_addr>(AF_INET6, url.host))
      return invalid(field, fmt::format("{:?} is not an IPv6 address in brackets", text));
    port = text.substr(end + 1);
  } else {
    const size_t colon = std::min(text.find(':'), text.size());
    url.host = lower(text.substr(0, colon));
    TRY(check_name(url.host, field));
    port = text.substr(colon);
  }
  url.port = port_of(url.scheme);
  if (port.empty()) return {};
  const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), url.port);
  if (port[0] != ':' || port.size() < 2 || !is_digit(port[1]) || error != std::errc() ||
      end != port.data() + port.size() || url.port < 1 || url.port > kPortMax)
    return invalid(field, fmt::format("{:?} is not a port from 1 to {}", port, kPortMax));
  return {};
}

}  // namespace

std::string Url::authority() const {
  std::string text = host.find(':') == host.npos ? host : "[" + host + "]";
  if (port != 0 && port != port_of(scheme)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::text() const {
  return scheme + "://" + authority() + path + (query.empty() ? "" : "?" + query);
}

Result<Url> parse_url(std::string_view text, std::string_view field_view) {
  const std::string field(field_view);
  if (text.size() > kUrlBytesMax)
    return invalid(field, fmt::format("a URL of {} bytes; at most {} are read", text.size(), kUrlBytesMax));
  // A backslash is a slash to some programs and none to others: which host is meant would depend on who
  // reads.
  const auto foreign = std::ranges::find_if(text, [](char c) { return c <= ' ' || c > '~' || c == '\\'; });
  if (foreign != text.end())
    return invalid(field,
                   fmt::format("byte 0x{:02x} cannot stand in a URL", static_cast<unsigned char>(*foreign)),
                   "percent-encode it");
  Url url;
  const size_t colon = text.find("://");
  url.scheme = lower(text.substr(0, std::min(colon, text.size())));
  if (colon == text.npos || (url.scheme != "http" && url.scheme != "https"))
    return invalid(field, "only http:// and https:// URLs are accepted");
  std::string_view rest = text.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  const size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  TRY(read_authority(rest.substr(0, authority_end), field, url));
  rest.remove_prefix(authority_end);
  const size_t question = std::min(rest.find('?'), rest.size());
  if (question > 0) url.path = rest.substr(0, question);
  if (question < rest.size()) url.query = rest.substr(question + 1);
  return url;
}

}  // namespace limner
