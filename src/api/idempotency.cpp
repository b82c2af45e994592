#include "api/idempotency.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "api/http/header_text.h"
#include "base/crypto.h"
#include "base/sha256.h"

namespace limner {
namespace {

constexpr size_t kIdempotencyKeyBytesMax = 255;
constexpr TimeUs kKeptUs = kDayUs;

std::string digest(std::string_view bytes) { return sha256_hex(as_bytes(bytes)); }

// Objects with their keys in order of name.
Json canonical(const Json& json) {
  if (json.is_array()) {
    Json items = Json::array();
    for (const Json& item : json) items.push_back(canonical(item));
    return items;
  }
  if (!json.is_object()) return json;
  std::map<std::string, Json> sorted;
  for (const auto& [key, value] : json.items()) sorted[key] = canonical(value);
  Json object = Json::object();
  for (auto& [key, value] : sorted) object[key] = std::move(value);
  return object;
}

}  // namespace

Result<std::string> body_fingerprint(const Request& request) {
  if (media_type(request.header("content-type")) == "multipart/form-data") {
    const std::vector<FormPart> parts = TRY(parse_form(request));
    std::string text;
    for (const FormPart& part : parts) text += fmt::format("{} {}\n", digest(part.name), digest(part.data));
    return digest(text);
  }
  const Json json = TRY(request.json_object());
  return digest(canonical(json).dump(-1, ' ', false, Json::error_handler_t::replace));
}

Result<std::optional<Idempotency>> idempotency_of(const Services& services, const Request& request,
                                                  std::string_view route) {
  const bool given = std::ranges::any_of(
      request.headers, [](const auto& header) { return header.first == "idempotency-key"; });
  if (!given) return std::optional<Idempotency>();
  std::string_view key = request.header("idempotency-key");
  // The draft has it as a quoted string, most clients send it bare.
  if (key.size() >= 2 && key.starts_with('"') && key.ends_with('"')) key = key.substr(1, key.size() - 2);
  const auto unprintable = [](char c) { return c < 0x20 || c > 0x7e; };
  if (key.empty() || key.size() > kIdempotencyKeyBytesMax || std::ranges::any_of(key, unprintable))
    return invalid("Idempotency-Key",
                   fmt::format("1 to {} printable ASCII characters are wanted", kIdempotencyKeyBytesMax),
                   "a UUID is a good one");
  Idempotency idempotency;
  idempotency.scope = fmt::format("{} {}", request.caller->tenant.id, route);
  idempotency.key = key;
  idempotency.fingerprint = TRY(body_fingerprint(request));
  idempotency.expires = services.clock.now() + kKeptUs;
  return std::optional<Idempotency>(std::move(idempotency));
}

}  // namespace limner
