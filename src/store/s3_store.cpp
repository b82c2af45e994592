#include "store/s3_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "store/s3_listing.h"
#include "store/s3_multipart.h"
#include "store/s3_time.h"

namespace limner {
namespace {

// Room for the words of a refusal where a small object was asked for.
constexpr size_t kRefusalBytes = 64u << 10;

S3Request listing(std::string prefix, const std::string& next) {
  S3Request request{.query = {{"list-type", "2"}, {"prefix", std::move(prefix)}}};
  if (!next.empty()) request.query.emplace_back("continuation-token", next);
  return request;
}

Error too_large(std::string_view key, size_t bytes_max) {
  return {
      Code::too_large, "store", fmt::format("'{}' has more than the {} bytes allowed", key, bytes_max), {}};
}

}  // namespace

Result<std::unique_ptr<Store>> S3Store::open(const StoreConfig& config, S3Client::Send send,
                                             const Clock& clock) {
  if (config.access_key.empty() || config.secret_key.empty())
    return invalid("store", "s3 needs access_key and secret_key");
  if (config.part_bytes == 0) return invalid("store.part_bytes", "is 0");
  S3Address address = TRY(parse_s3_address(config));
  std::unique_ptr<S3Store> store(
      new S3Store(S3Client(config, std::move(address), std::move(send), clock), config.part_bytes));
  S3Request probe = listing(store->client_.address().prefix, "");
  probe.query.emplace_back("max-keys", "1");
  probe.attempts = 1;
  const Result<HttpResponse> answer = store->client_.ask(probe);
  if (!answer && answer.error().code != Code::unavailable) return answer.error();
  return std::unique_ptr<Store>(std::move(store));
}

Result<void> S3Store::put(std::string_view key, std::span<const std::byte> bytes,
                          std::string_view content_type) {
  TRY(check_store_key(key));
  if (bytes.size() > part_bytes_) return put_in_parts(client_, key, bytes, content_type, part_bytes_);
  TRY(client_.ask({.method = "PUT",
                   .key = std::string(key),
                   .headers = {{"Content-Type", std::string(content_type)}},
                   .body = {reinterpret_cast<const char*>(bytes.data()), bytes.size()}}));
  return {};
}

Result<std::string> S3Store::get(std::string_view key, size_t bytes_max) {
  TRY(check_store_key(key));
  Result<HttpResponse> answer =
      client_.ask({.key = std::string(key), .response_bytes_max = std::max(bytes_max, kRefusalBytes)});
  if (!answer && answer.error().code == Code::too_large) return too_large(key, bytes_max);
  if (!answer) return answer.error();
  if (answer->body.size() > bytes_max) return too_large(key, bytes_max);
  return std::move(answer->body);
}

Result<ObjectInfo> S3Store::head(std::string_view key) {
  TRY(check_store_key(key));
  const HttpResponse answer = TRY(client_.ask({.method = "HEAD", .key = std::string(key)}));
  ObjectInfo object{.key = std::string(key)};
  const std::string_view length = answer.header("Content-Length");
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), object.bytes);
  if (error != std::errc() || end != length.data() + length.size())
    return Error{Code::unavailable, "store", "the server does not say how long the object is",
                 "is store.endpoint an S3 server?"};
  object.modified = parse_http_time(answer.header("Last-Modified")).value_or(0);
  return object;
}

Result<void> S3Store::remove(std::string_view key) {
  TRY(check_store_key(key));
  const Result<HttpResponse> answer = client_.ask({.method = "DELETE", .key = std::string(key)});
  if (!answer && answer.error().code != Code::not_found) return answer.error();
  return {};
}

Result<void> S3Store::list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& see) {
  TRY(check_store_prefix(prefix));
  const std::string& own_prefix = client_.address().prefix;
  for (std::string next;;) {
    const HttpResponse answer = TRY(client_.ask(listing(own_prefix + std::string(prefix), next)));
    const S3Page page = TRY(parse_s3_page(answer.body, own_prefix));
    for (const ObjectInfo& object : page.objects)
      if (!see(object)) return {};
    if (page.next.empty()) return {};
    if (page.next == next)
      return Error{Code::unavailable, "store", "the server's listing comes to no end", {}};
    next = page.next;
  }
}

std::optional<std::string> S3Store::signed_url(std::string_view key, int seconds) {
  if (!is_store_key(key)) return std::nullopt;
  return client_.presign(key, seconds);
}

}  // namespace limner
