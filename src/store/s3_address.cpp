#include "store/s3_address.h"

#include <fmt/format.h>

#include <algorithm>

namespace limner {
namespace {

constexpr std::string_view kScheme = "s3://";
// With a key of 512 bytes behind it this stays below S3's limit of 1024.
constexpr size_t kPrefixBytesMax = 256;

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
bool is_bucket(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 && is_lower_or_digit(name.front()) &&
         is_lower_or_digit(name.back()) && name.find("..") == std::string_view::npos &&
         std::ranges::all_of(name, [](char c) { return is_lower_or_digit(c) || c == '-' || c == '.'; });
}

// Regions stand in host names and in what is signed.
bool is_region(std::string_view name) {
  return !name.empty() && name.size() <= 63 &&
         std::ranges::all_of(name, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

bool is_address(std::string_view host) {
  return host.find(':') != std::string_view::npos ||
         std::ranges::all_of(host, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

Result<Url> parse_server(const StoreConfig& config) {
  if (!is_region(config.region))
    return invalid("store.region", fmt::format("{:?} is no region", config.region), "us-east-1");
  if (config.endpoint.empty())
    return parse_url("https://s3." + config.region + ".amazonaws.com", "store.region");
  Url server = TRY(parse_url(config.endpoint, "store.endpoint"));
  if (server.path != "/" || !server.query.empty())
    return invalid("store.endpoint", "has a path; an endpoint is https://HOST or https://HOST:PORT");
  if (!config.path_style && is_address(server.host))
    return invalid("store.path_style", "a bucket cannot stand before an address of numbers",
                   "set path_style = true, or name the host");
  return server;
}

}  // namespace

Url S3Address::bucket_url() const {
  Url url = server;
  if (path_style)
    url.path = "/" + bucket;
  else
    url.host = bucket + "." + url.host;
  return url;
}

Url S3Address::object_url(std::string_view key) const {
  Url url = bucket_url();
  if (!url.path.ends_with('/')) url.path += '/';
  url.path += percent_encode(prefix + std::string(key), true);
  return url;
}

Result<S3Address> parse_s3_address(const StoreConfig& config) {
  std::string_view rest = config.url;
  if (!rest.starts_with(kScheme)) return invalid("store.url", "does not begin with s3://");
  rest.remove_prefix(kScheme.size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  Url server = TRY(parse_server(config));
  S3Address address{.server = std::move(server),
                    .bucket = std::string(rest.substr(0, slash)),
                    .prefix = std::string(rest.substr(std::min(slash + 1, rest.size()))),
                    .path_style = config.path_style};
  if (!is_bucket(address.bucket))
    return invalid("store.url", fmt::format("{:?} is no bucket's name", address.bucket),
                   "s3://BUCKET/PREFIX");
  if (address.prefix.ends_with('/')) address.prefix.pop_back();
  if (address.prefix.empty()) return address;
  if (!is_store_key(address.prefix) || address.prefix.size() > kPrefixBytesMax)
    return invalid("store.url",
                   fmt::format("its prefix is not segments of [A-Za-z0-9._-] joined by '/', at most {} bytes",
                               kPrefixBytesMax));
  address.prefix += '/';
  return address;
}

}  // namespace limner
