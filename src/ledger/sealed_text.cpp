#include "ledger/sealed_text.h"

#include <fmt/format.h>

#include "base/aead.h"
#include "base/crypto.h"
#include "base/ids.h"

namespace limner {
namespace {

// 0xff is in no UTF-8: no text that somebody wrote begins so.
constexpr std::string_view kOpening = "\"\xfflimner-text-1:";
constexpr std::string_view kPrintableOpening = "\"limner-text-1:";
constexpr size_t kKeyIdLength = 30;
constexpr size_t kTextSaltBytes = 16;
// As much as SQLite takes.
constexpr size_t kSealedTextBytesMax = 1'000'000'000;

Error damaged_text(const TextPlace& place, std::string_view what) {
  return {Code::data_loss, "ledger", fmt::format("{} {}", place_text(place), what), "limner db check"};
}

// No part but the last can hold what separates them.
std::string bound_place(std::string_view key_id, const TextPlace& place) {
  return fmt::format("limner text 1|{}|{}|{}|{}", key_id, place.column, place.tenant, place.row);
}

// Every text has a key of its own, made from a salt that is never used twice: the nonce need not differ.
Aes256Gcm text_cipher(std::string_view text_key, std::string_view salt) {
  std::string secret = hmac_sha256(text_key, salt);
  struct Wipe {
    std::string& secret;
    ~Wipe() { wipe(secret); }
  } wipe_at_end{secret};
  return Aes256Gcm(secret);
}

const std::string kNonce(kAeadNonceBytes, '\0');

std::string_view body_of(std::string_view stored) {
  stored.remove_prefix(kOpening.size() + kKeyIdLength + 1);
  stored.remove_suffix(1);
  return stored;
}

}  // namespace

std::string place_text(const TextPlace& place) { return fmt::format("{} of {}", place.column, place.row); }

bool looks_sealed_text(std::string_view stored) { return stored.starts_with(kOpening); }

std::string text_key(std::string_view data_key) { return hmac_sha256(data_key, "limner text 1"); }

std::string seal_text(std::string_view key_id, std::string_view text_key, const TextPlace& place,
                      std::string_view text) {
  std::string body = random_bytes(kTextSaltBytes);
  body.reserve(kTextSaltBytes + text.size() + kAeadTagBytes);
  text_cipher(text_key, body).seal(kNonce, bound_place(key_id, place), text, body);
  std::string stored(kOpening);
  return stored.append(key_id).append(":").append(to_base64(body)).append("\"");
}

Result<std::string> sealed_text_key_id(const TextPlace& place, std::string_view stored) {
  if (!looks_sealed_text(stored)) return damaged_text(place, "is not encrypted");
  const std::string_view rest = stored.substr(kOpening.size());
  if (rest.size() < kKeyIdLength + 2 || rest[kKeyIdLength] != ':' || rest.back() != '"')
    return damaged_text(place, "is cut off");
  std::string id(rest.substr(0, kKeyIdLength));
  if (!is_id(id, "dky")) return damaged_text(place, "names no key");
  return id;
}

Result<std::string> open_text(std::string_view text_key, const TextPlace& place, std::string_view stored) {
  const std::string id = TRY(sealed_text_key_id(place, stored));
  const Result<std::string> body = from_base64(body_of(stored), "ledger", kSealedTextBytesMax);
  std::string text;
  const bool opened =
      body && body->size() >= kTextSaltBytes + kAeadTagBytes &&
      text_cipher(text_key, std::string_view(*body).substr(0, kTextSaltBytes))
          .open(kNonce, bound_place(id, place), std::string_view(*body).substr(kTextSaltBytes), text);
  if (!opened) return damaged_text(place, "is not what was written, or lay somewhere else");
  return text;
}

std::string printable_sealed_text(std::string_view stored) {
  return std::string(kPrintableOpening).append(stored.substr(kOpening.size()));
}

}  // namespace limner
