#include "store/s3_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/crypto.h"
#include "base/sha256.h"
#include "store/s3_errors.h"

namespace limner {
namespace {

constexpr double kConnectSeconds = 5;
constexpr double kFirstPauseSeconds = 0.1, kLongestPauseSeconds = 2;
constexpr std::chrono::milliseconds kStopPoll{20};
constexpr int kPresignSecondsMax = 7 * 86400;

std::string described(const S3Request& request, const S3Address& address) {
  if (request.key.empty()) return fmt::format("{} of bucket '{}'", request.method, address.bucket);
  return fmt::format("{} of '{}{}' in bucket '{}'", request.method, address.prefix, request.key,
                     address.bucket);
}

}  // namespace

S3Client::S3Client(const StoreConfig& config, S3Address address, Send send, const Clock& clock)
    : address_(std::move(address)),
      credentials_{config.access_key, config.secret_key, config.region},
      attempt_seconds_(config.attempt_seconds),
      attempts_(std::max(config.attempts, 1)),
      stop_(config.stop),
      send_(std::move(send)),
      clock_(clock) {}

Result<HttpResponse> S3Client::ask_once(const S3Request& request) const {
  HttpRequest http;
  http.method = request.method;
  http.url = request.key.empty() ? address_.bucket_url() : address_.object_url(request.key);
  http.url.query = canonical_query(request.query);
  http.headers = sign_request(credentials_, request.method, http.url, request.headers,
                              sha256_hex(as_bytes(request.body)), clock_.now());
  http.body = request.body;
  http.connect_seconds = std::min(kConnectSeconds, attempt_seconds_);
  http.total_seconds = attempt_seconds_;
  http.response_bytes_max = request.response_bytes_max;
  http.stop = stop_;
  Result<HttpResponse> response = send_(http);
  if (!response) return s3_no_answer(response.error(), described(request, address_));
  if (!is_s3_success(request.method, *response)) return s3_error(*response, described(request, address_));
  return response;
}

void S3Client::pause(double seconds) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < end && !(stop_ && stop_()))
    std::this_thread::sleep_for(kStopPoll);
}

Result<HttpResponse> S3Client::ask(const S3Request& request) const {
  const int attempts = request.attempts > 0 ? request.attempts : attempts_;
  for (int attempt = 1;; ++attempt) {
    Result<HttpResponse> response = ask_once(request);
    if (response || response.error().code != Code::unavailable || attempt == attempts) return response;
    pause(backoff_seconds(attempt, kFirstPauseSeconds, kLongestPauseSeconds));
    if (stop_ && stop_()) return response;
  }
}

std::string S3Client::presign(std::string_view key, int seconds) const {
  return presign_get(credentials_, address_.object_url(key), std::clamp(seconds, 1, kPresignSecondsMax),
                     clock_.now())
      .text();
}

}  // namespace limner
