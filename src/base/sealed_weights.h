#pragma once
// Files of weights that nobody can read who has only the files: docs/formats/encrypted-weights.md.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/file_handle.h"
#include "base/result.h"

namespace limner {

/// What wraps the key of such a file. Thread-safe.
class WeightKeys {
 public:
  virtual ~WeightKeys() = default;
  /// The id of the master key that wraps: 16 hexadecimal digits.
  virtual std::string wraps_by() = 0;
  /// 32 bytes as kWrappedKeyBytes that open only with the same `bound`.
  virtual Result<std::string> wrap(std::string_view secret, std::string_view bound) = 0;
  /// `unavailable` if there is no master key `by`; `data_loss` if this is not what it wrapped.
  virtual Result<std::string> unwrap(std::string_view wrapped, std::string_view bound,
                                     std::string_view by) = 0;
};
inline constexpr size_t kWrappedKeyBytes = 12 + 32 + 16;

/// Where this program has its keys from, asked whenever a sealed file is met. Said once, before there are
/// threads; until then there are none.
void set_weight_keys(std::function<Result<std::shared_ptr<WeightKeys>>()> source);
/// `invalid`, saying how to name them, if there are none.
Result<std::shared_ptr<WeightKeys>> weight_keys();

/// Whether the file begins as a sealed one does. Errors as of read_file().
Result<bool> is_sealed_weights(const std::filesystem::path& path);
bool looks_sealed_weights(std::string_view bytes);

/// The contents of an open file that is sealed, authenticated to the last byte, in memory that has no name
/// and is not part of a core dump: a descriptor to map. `data_loss`, naming the file, if any bit of it is
/// another.
Result<FileHandle> open_sealed_weights(const FileHandle& file, const std::filesystem::path& path,
                                       uint64_t& plain_bytes);

/// Hands out the contents of a file, sealed or not, in pieces in order, each authenticated before. An Error
/// of `piece` ends it.
Result<void> read_weights(const std::filesystem::path& path,
                          const std::function<Result<void>(std::span<const std::byte>)>& piece);
/// SHA-256 of that, in hexadecimal: the same before and after sealing.
Result<std::string> weights_file_sha256(const std::filesystem::path& path);

/// Seals the file, or writes what it held, in its place: whole or not at all. A symbolic link is followed.
/// False if it is so already.
Result<bool> seal_weights(const std::filesystem::path& path, WeightKeys& keys);
Result<bool> unseal_weights(const std::filesystem::path& path);
/// Wraps the file's key by the master key that wraps now; its contents stay as they are. Whenever it is
/// ended, the file opens with the old key or the new one. False if it is wrapped by that one already.
Result<bool> rewrap_weights(const std::filesystem::path& path, WeightKeys& keys);

}  // namespace limner
