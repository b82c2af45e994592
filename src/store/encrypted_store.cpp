#include "store/encrypted_store.h"

#include <fmt/format.h>

#include "base/aead.h"
#include "base/crypto.h"
#include "store/sealed_object.h"

namespace limner {
namespace {

// Whatever it is of, to those who only have the store.
constexpr std::string_view kSealedType = "application/octet-stream";

}  // namespace

Result<void> EncryptedStore::put(std::string_view key, std::span<const std::byte> bytes, std::string_view) {
  TRY(check_store_key(key));
  DataKey secret = TRY(keys_.for_writing(key));
  const std::string sealed = seal_object(key, secret, bytes);
  wipe(secret.secret);
  return inner_->put(key, as_bytes(sealed), kSealedType);
}

Result<std::string> EncryptedStore::get(std::string_view key, size_t bytes_max) {
  // Nobody who allows that much means a number.
  const size_t sealed_max = bytes_max > SIZE_MAX / 2 ? SIZE_MAX : static_cast<size_t>(sealed_size(bytes_max));
  const Result<std::string> sealed = inner_->get(key, sealed_max);
  if (!sealed && sealed.error().code == Code::too_large)
    return Error{
        Code::too_large, "store", fmt::format("'{}' has more than the {} bytes allowed", key, bytes_max), {}};
  if (!sealed) return sealed.error();
  const std::string id = TRY(sealed_key_id(key, *sealed));
  DataKey secret = TRY(keys_.for_reading(key, id));
  Result<std::string> plain = open_object(key, secret, *sealed);
  wipe(secret.secret);
  return plain;
}

Result<ObjectInfo> EncryptedStore::head(std::string_view key) {
  ObjectInfo object = TRY(inner_->head(key));
  const std::optional<uint64_t> plain = plain_size(object.bytes);
  if (!plain)
    return Error{Code::data_loss, "store", fmt::format("'{}' is not an encrypted object", key),
                 "limner encryption apply encrypts what was stored before"};
  object.bytes = *plain;
  return object;
}

Result<void> EncryptedStore::list(std::string_view prefix,
                                  const std::function<bool(const ObjectInfo&)>& see) {
  return inner_->list(prefix, [&](ObjectInfo object) {
    object.bytes = plain_size(object.bytes).value_or(object.bytes);
    return see(object);
  });
}

Result<bool> EncryptedStore::encrypt_in_place(std::string_view key, size_t bytes_max) {
  const Result<std::string> stored = inner_->get(key, bytes_max);
  if (!stored && stored.error().code == Code::not_found) return false;
  if (!stored) return stored.error();
  if (looks_sealed(*stored)) return false;
  TRY(put(key, as_bytes(*stored), kSealedType));
  return true;
}

}  // namespace limner
