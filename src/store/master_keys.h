#pragma once
// The keys that wrap data keys, in a file that lies where the store and the ledger do not.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "store/data_keys.h"

namespace limner {

/// One key wraps, all of them unwrap: there are several while data keys are wrapped anew. A file has a line a
/// key, "limner-master-1:" and 32 bytes in base64, the one that wraps first.
class MasterKeys {
 public:
  /// One new key.
  static MasterKeys make();
  /// `invalid` for a file that is no such thing or that others than its owner and group may read.
  static Result<MasterKeys> read(const std::filesystem::path& path);

  /// Replaces or makes the file, for its owner alone, whole or not at all; `conflict` if `fresh` and there is
  /// one.
  Result<void> write(const std::filesystem::path& path, bool fresh) const;

  /// The key that wraps: 16 hexadecimal digits of its SHA-256.
  const std::string& id() const { return keys_.front().id; }
  bool has(std::string_view id) const;
  /// These keys behind a new one that wraps from now on.
  MasterKeys with_new() const;
  /// The one that wraps alone.
  MasterKeys newest() const;

  /// 32 bytes that the master key `by`, which must be here, wraps: nonce, bytes, tag. They open only with the
  /// same `bound`; errors as unwrap().
  std::string wrap_bytes(std::string_view secret, std::string_view bound, std::string_view by) const;
  Result<std::string> unwrap_bytes(std::string_view wrapped, std::string_view bound,
                                   std::string_view by) const;

  /// A data key of an owner as text that says nothing to who has not the master key of id `by`, which must be
  /// here.
  std::string wrap(const DataKey& key, std::string_view owner, std::string_view by) const;
  /// `data_loss` if it was wrapped for another id or owner, or changed; `unavailable` if the master key `by`
  /// is not here.
  Result<DataKey> unwrap(std::string_view wrapped, std::string_view id, std::string_view owner,
                         std::string_view by) const;

 private:
  struct Key {
    std::string id, secret;
  };
  explicit MasterKeys(std::vector<Key> keys) : keys_(std::move(keys)) {}
  static Key make_key(std::string secret);
  const Key* find(std::string_view id) const;

  std::vector<Key> keys_;  ///< never empty
};

}  // namespace limner
