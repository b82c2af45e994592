#include "api/openai/repeated_request.h"

#include <fmt/format.h>

#include "base/crypto.h"

namespace limner {
namespace {

constexpr std::string_view kRetryHeader = "x-stainless-retry-count";
constexpr size_t kKeyMax = 255;

Result<std::string> digest_of_form(const Request& request) {
  const std::vector<FormPart> parts = TRY(parse_form(request));
  std::string digests;
  for (const FormPart& part : parts)
    digests += sha256_bytes(part.name) + sha256_bytes(part.file_name) + sha256_bytes(part.data);
  return to_hex(sha256_bytes(digests));
}

Result<std::string> fingerprint(const Request& request) {
  if (request.header("content-type").starts_with("multipart/")) return digest_of_form(request);
  return to_hex(sha256_bytes(request.body));
}

}  // namespace

bool is_retry(const Request& request) {
  const std::string_view count = request.header(kRetryHeader);
  return !count.empty() && count != "0";
}

Result<Idempotency> repeated_request(const Services& services, const Request& request) {
  Idempotency idempotency;
  idempotency.fingerprint = TRY(fingerprint(request));
  idempotency.scope = fmt::format("{} {}", request.caller->key.id, request.path);
  idempotency.expires = services.clock.now() +
                        static_cast<TimeUs>(services.config.repeat_seconds * static_cast<double>(kSecondUs));
  const std::string_view key = request.header("idempotency-key");
  if (key.size() > kKeyMax)
    return invalid("Idempotency-Key", fmt::format("{} bytes; at most {} are taken", key.size(), kKeyMax));
  if (!key.empty()) {
    idempotency.key = key;
    idempotency.expires = services.clock.now() + kDayUs;
    return idempotency;
  }
  idempotency.key = idempotency.fingerprint;
  idempotency.strict = false;
  idempotency.fresh = !is_retry(request);
  return idempotency;
}

}  // namespace limner
