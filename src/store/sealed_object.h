#pragma once
// The encrypted form of an object: docs/formats/encrypted-object.md.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "store/data_keys.h"

namespace limner {

/// So much of an object is encrypted together: what has to be in memory at once.
inline constexpr size_t kSealedChunkBytes = 64u << 10;
inline constexpr size_t kSealedHeaderBytes = 80;

/// How long an object of `plain` bytes is when it is encrypted.
uint64_t sealed_size(uint64_t plain);
/// The other way; nothing if no object has that length encrypted.
std::optional<uint64_t> plain_size(uint64_t sealed);

/// Whether bytes begin as an encrypted object does, and no picture, LoRA, text or latents do.
bool looks_sealed(std::string_view bytes);

/// `plain` as the object of this name. Encrypting the same again gives other bytes.
std::string seal_object(std::string_view object, const DataKey& key, std::span<const std::byte> plain);

/// The id of the key that an object was encrypted with, which nothing vouches for yet. `data_loss`, naming
/// the object, for what is no encrypted object.
Result<std::string> sealed_key_id(std::string_view object, std::string_view sealed);

/// The object's bytes. `data_loss`, naming the object, if it was encrypted with another key or as another
/// object, or is not what it was: cut, longer, chunks changed or in another order. Then nothing of it is
/// returned.
Result<std::string> open_object(std::string_view object, const DataKey& key, std::string_view sealed);

/// `count` bytes of the object from `begin` on, at most to its end: only the chunks they lie in are looked
/// at. Errors as open_object().
Result<std::string> open_object_range(std::string_view object, const DataKey& key, std::string_view sealed,
                                      uint64_t begin, uint64_t count);

}  // namespace limner
