#include "store/s3_signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/crypto.h"
#include "base/sha256.h"
#include "store/s3_time.h"

namespace limner {
namespace {

constexpr const char* kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

// Names in lower case, in order.
using CanonicalHeaders = std::map<std::string, std::string>;

CanonicalHeaders canonical_headers(const Url& url, const Headers& headers) {
  CanonicalHeaders canonical{{"host", url.authority()}};
  for (const auto& [name, value] : headers) {
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
    canonical[lower] = value;
  }
  return canonical;
}

std::string names_of(const CanonicalHeaders& headers) {
  std::string names;
  for (const auto& [name, value] : headers) names += (names.empty() ? "" : ";") + name;
  return names;
}

std::string canonical_request(std::string_view method, const Url& url, const CanonicalHeaders& headers,
                              std::string_view payload_sha256) {
  std::string request = fmt::format("{}\n{}\n{}\n", method, url.path, url.query);
  for (const auto& [name, value] : headers) request += fmt::format("{}:{}\n", name, value);
  return request + fmt::format("\n{}\n{}", names_of(headers), payload_sha256);
}

std::string scope_of(const S3Credentials& credentials, std::string_view date) {
  return fmt::format("{}/{}/s3/aws4_request", date.substr(0, 8), credentials.region);
}

std::string s3_signature(const S3Credentials& credentials, std::string_view date,
                         const std::string& canonical_request) {
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, date, scope_of(credentials, date),
                                          sha256_hex(as_bytes(canonical_request)));
  std::string key = hmac_sha256("AWS4" + credentials.secret_key, date.substr(0, 8));
  for (const std::string_view step :
       {std::string_view(credentials.region), std::string_view("s3"), std::string_view("aws4_request")})
    key = hmac_sha256(key, step);
  return to_hex(hmac_sha256(key, to_sign));
}

}  // namespace

std::string canonical_query(const S3Query& query) {
  S3Query encoded;
  for (const auto& [name, value] : query) encoded.emplace_back(percent_encode(name), percent_encode(value));
  std::ranges::sort(encoded);
  std::string text;
  for (const auto& [name, value] : encoded) text += (text.empty() ? "" : "&") + name + "=" + value;
  return text;
}

Headers sign_request(const S3Credentials& credentials, std::string_view method, const Url& url,
                     Headers headers, std::string_view payload_sha256, TimeUs now) {
  const std::string date = amz_date(now);
  headers.emplace_back("X-Amz-Date", date);
  headers.emplace_back("X-Amz-Content-Sha256", payload_sha256);
  const CanonicalHeaders canonical = canonical_headers(url, headers);
  const std::string signature =
      s3_signature(credentials, date, canonical_request(method, url, canonical, payload_sha256));
  headers.emplace_back(
      "Authorization",
      fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm, credentials.access_key,
                  scope_of(credentials, date), names_of(canonical), signature));
  return headers;
}

Url presign_get(const S3Credentials& credentials, Url url, int seconds, TimeUs now) {
  const std::string date = amz_date(now);
  url.query = canonical_query(
      {{"X-Amz-Algorithm", kAlgorithm},
       {"X-Amz-Credential", fmt::format("{}/{}", credentials.access_key, scope_of(credentials, date))},
       {"X-Amz-Date", date},
       {"X-Amz-Expires", fmt::format("{}", seconds)},
       {"X-Amz-SignedHeaders", "host"}});
  const std::string request = canonical_request("GET", url, canonical_headers(url, {}), kUnsignedPayload);
  url.query += "&X-Amz-Signature=" + s3_signature(credentials, date, request);
  return url;
}

}  // namespace limner
