#include "jobs/webhook.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/crypto.h"
#include "base/json.h"

namespace limner {
namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr size_t kSecretBytesMax = 1024;
constexpr size_t kBodyBytesMax = 20'000;
constexpr double kMinute = 60, kHour = 3600;
constexpr std::array kRetries = {5.0,        5 * kMinute, 30 * kMinute, 2 * kHour, 5 * kHour,
                                 10 * kHour, 14 * kHour,  20 * kHour,   24 * kHour};

std::optional<std::string> secret_bytes(std::string_view secret) {
  if (!secret.starts_with(kSecretPrefix)) return std::nullopt;
  Result<std::string> bytes =
      from_base64(secret.substr(kSecretPrefix.size()), "webhook_secret", kSecretBytesMax);
  if (!bytes || bytes->empty()) return std::nullopt;
  return std::move(*bytes);
}

}  // namespace

std::string webhook_signature(std::string_view secrets, std::string_view id, TimeUs timestamp,
                              std::string_view body) {
  const std::string message = fmt::format("{}.{}.{}", id, timestamp / kSecondUs, body);
  std::string signatures;
  while (!secrets.empty()) {
    const size_t end = std::min(secrets.find(' '), secrets.size());
    if (const auto secret = secret_bytes(secrets.substr(0, end)))
      signatures += (signatures.empty() ? "v1," : " v1,") + to_base64(hmac_sha256(*secret, message));
    secrets.remove_prefix(std::min(end + 1, secrets.size()));
  }
  return signatures;
}

std::optional<double> webhook_retry_seconds(int attempt) {
  if (attempt < 1 || attempt > static_cast<int>(kRetries.size())) return std::nullopt;
  return kRetries[static_cast<size_t>(attempt) - 1];
}

std::string bounded_webhook_body(const std::string& body) {
  if (body.size() < kBodyBytesMax) return body;
  Result<Json> parsed = parse_json(body, "webhook");
  if (!parsed || !parsed->is_object()) return body;
  Json& data = (*parsed)["data"];
  if (!data.is_object() || !data["pictures"].is_array()) return body;
  // As many pictures of the average size as there is room for, and a tenth less for uneven ones.
  const size_t count = data["pictures"].size();
  const size_t pictures_bytes = data["pictures"].dump().size();
  const size_t rest_bytes = body.size() - std::min(body.size(), pictures_bytes);
  const size_t room = kBodyBytesMax - std::min(kBodyBytesMax, rest_bytes + 64);
  const size_t kept = count * room / (pictures_bytes + 1) * 9 / 10;
  data["pictures"].get_ref<Json::array_t&>().resize(std::min(kept, count));
  data["pictures_left_out"] = count - std::min(kept, count);
  return parsed->dump();
}

}  // namespace limner
