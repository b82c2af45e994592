#include "store/sealed_object.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/aead.h"
#include "base/check.h"
#include "base/crypto.h"
#include "base/ids.h"

namespace limner {
namespace {

// 0xff is in no UTF-8, and no picture format has what follows.
constexpr std::string_view kMagic("\xffLIMNER\x01", 8);
constexpr size_t kKeyIdBytes = 30, kReservedBytes = 2, kSizeBytes = 8, kSaltBytes = 32;
constexpr size_t kSealedChunk = kSealedChunkBytes + kAeadTagBytes;
static_assert(8 + kKeyIdBytes + kReservedBytes + kSizeBytes + kSaltBytes == kSealedHeaderBytes);

uint64_t chunks_of(uint64_t plain) {
  return std::max<uint64_t>((plain + kSealedChunkBytes - 1) / kSealedChunkBytes, 1);
}

std::string big_endian(uint64_t number, size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes && i < 8; ++i) text[bytes - 1 - i] = static_cast<char>(number >> 8 * i);
  return text;
}

uint64_t read_big_endian(std::string_view text) {
  uint64_t number = 0;
  for (const char c : text) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

Error damaged(std::string_view object, std::string_view what) {
  return {Code::data_loss, "store", fmt::format("'{}' {}", object, what), {}};
}

// Every object has a key of its own, made from a salt that is never used twice: so nonces may be counted.
// Name and header go into it: who changes either, or gives one object's bytes for another's, opens nothing.
Aes256Gcm object_cipher(std::string_view object, const DataKey& key, std::string_view header) {
  std::string secret =
      hmac_sha256(key.secret, std::string("limner object 1\0", 16).append(header).append(object));
  struct Wipe {
    std::string& secret;
    ~Wipe() { wipe(secret); }
  } wipe_at_end{secret};
  return Aes256Gcm(secret);
}

std::string nonce_of(uint64_t chunk) { return big_endian(chunk, kAeadNonceBytes); }

struct Sealed {
  std::string_view header, body;
  std::string key_id;
  uint64_t plain = 0;
};

Result<Sealed> read_header(std::string_view object, std::string_view bytes) {
  if (!looks_sealed(bytes))
    return Error{Code::data_loss, "store", fmt::format("'{}' is not an encrypted object", object),
                 "limner encryption apply encrypts what was stored before"};
  if (bytes.size() < kSealedHeaderBytes) return damaged(object, "is cut off in its header");
  Sealed sealed{bytes.substr(0, kSealedHeaderBytes), bytes.substr(kSealedHeaderBytes), {}, 0};
  sealed.key_id = sealed.header.substr(kMagic.size(), kKeyIdBytes);
  sealed.plain =
      read_big_endian(sealed.header.substr(kMagic.size() + kKeyIdBytes + kReservedBytes, kSizeBytes));
  if (!is_id(sealed.key_id, "dky")) return damaged(object, "names no key");
  // Before anything is multiplied: no file is that long.
  if (sealed.plain > bytes.size() || sealed_size(sealed.plain) != bytes.size())
    return damaged(object, "is longer or shorter than it was");
  return sealed;
}

std::string_view chunk_of(const Sealed& sealed, uint64_t chunk) {
  return sealed.body.substr(static_cast<size_t>(chunk) * kSealedChunk, kSealedChunk);
}

}  // namespace

uint64_t sealed_size(uint64_t plain) { return kSealedHeaderBytes + plain + chunks_of(plain) * kAeadTagBytes; }

std::optional<uint64_t> plain_size(uint64_t sealed) {
  if (sealed < kSealedHeaderBytes + kAeadTagBytes) return std::nullopt;
  const uint64_t body = sealed - kSealedHeaderBytes;
  const uint64_t chunks = (body + kSealedChunk - 1) / kSealedChunk;
  if (body < chunks * kAeadTagBytes) return std::nullopt;
  const uint64_t plain = body - chunks * kAeadTagBytes;
  // A last chunk of a tag alone is only that of an empty object.
  return sealed_size(plain) == sealed ? std::optional(plain) : std::nullopt;
}

bool looks_sealed(std::string_view bytes) { return bytes.starts_with(kMagic); }

std::string seal_object(std::string_view object, const DataKey& key, std::span<const std::byte> plain) {
  LIMNER_CHECK(key.id.size() == kKeyIdBytes, "an id of a key has 30 characters");
  std::string sealed(kMagic);
  sealed.reserve(static_cast<size_t>(sealed_size(plain.size())));
  sealed.append(key.id).append(big_endian(0, kReservedBytes)).append(big_endian(plain.size(), kSizeBytes));
  sealed.append(random_bytes(kSaltBytes));
  Aes256Gcm cipher = object_cipher(object, key, sealed);
  const std::string_view text(reinterpret_cast<const char*>(plain.data()), plain.size());
  for (uint64_t chunk = 0; chunk < chunks_of(plain.size()); ++chunk)
    cipher.seal(nonce_of(chunk), {},
                text.substr(static_cast<size_t>(chunk) * kSealedChunkBytes, kSealedChunkBytes), sealed);
  return sealed;
}

Result<std::string> sealed_key_id(std::string_view object, std::string_view sealed) {
  return TRY(read_header(object, sealed)).key_id;
}

Result<std::string> open_object(std::string_view object, const DataKey& key, std::string_view sealed) {
  return open_object_range(object, key, sealed, 0, UINT64_MAX);
}

Result<std::string> open_object_range(std::string_view object, const DataKey& key, std::string_view bytes,
                                      uint64_t begin, uint64_t count) {
  const Sealed sealed = TRY(read_header(object, bytes));
  begin = std::min(begin, sealed.plain);
  count = std::min(count, sealed.plain - begin);
  const uint64_t first = std::min(begin / kSealedChunkBytes, chunks_of(sealed.plain) - 1);
  const uint64_t end = std::max(first + 1, chunks_of(begin + count));
  Aes256Gcm cipher = object_cipher(object, key, sealed.header);
  std::string plain;
  plain.reserve(static_cast<size_t>((end - first) * kSealedChunkBytes));
  for (uint64_t chunk = first; chunk < end; ++chunk)
    if (!cipher.open(nonce_of(chunk), {}, chunk_of(sealed, chunk), plain)) {
      wipe(plain);
      return damaged(object, "is not what was stored, or not encrypted with the key that it names");
    }
  return plain.substr(static_cast<size_t>(begin - first * kSealedChunkBytes), static_cast<size_t>(count));
}

}  // namespace limner
