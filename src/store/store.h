#pragma once
// Where bytes are kept: pictures, uploads, kept stage outputs. One interface, a file a kind of storage.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace limner {

/// What is known of a kept object without reading it.
struct ObjectInfo {
  std::string key;
  uint64_t bytes = 0;
  TimeUs modified = 0;
};

/// Keeps whole objects by key. Keys are our own making: segments of [A-Za-z0-9._-] joined by '/', no segment
/// "." or "..", at most 255 bytes a segment and 512 in all; anything else is `invalid`. No key is another's
/// folder: "a" beside "a/b" is a `conflict` where a storage has real folders. Nothing is ever readable by
/// strangers: storages are private, and signed_url() is the only way out.
///
/// put() is atomic and durable: when it returns, the object survives a crash, and no reader ever saw half of
/// it; putting the same key again replaces it. After an error there is the old object or the new one, whole.
/// `unavailable` means "try again later", `exhausted` that there is no room. Thread-safe.
class Store {
 public:
  virtual ~Store() = default;
  virtual Result<void> put(std::string_view key, std::span<const std::byte> bytes,
                           std::string_view content_type) = 0;
  /// `not_found` if there is none; `too_large` beyond `bytes_max`.
  virtual Result<std::string> get(std::string_view key, size_t bytes_max) = 0;
  /// `not_found` if there is none.
  virtual Result<ObjectInfo> head(std::string_view key) = 0;
  /// Removing what is not there is no error.
  virtual Result<void> remove(std::string_view key) = 0;
  /// Objects whose key begins with `prefix`, in order of key, in pages; `see` returns false to stop, and may
  /// put and remove. (An S3 server that lists folder by folder, such as SeaweedFS, has "a/b" before "a.b".)
  virtual Result<void> list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& see) = 0;
  /// A URL that lets anybody read the object until `seconds` from now, without passing through Limner;
  /// nothing where the storage has no such thing.
  virtual std::optional<std::string> signed_url(std::string_view key, int seconds) = 0;
  /// "local" or "s3".
  virtual std::string_view kind() const = 0;
};

class HttpClient;
class FileCalls;

/// How a store is configured: [store] of the configuration file. `url` is file:FOLDER or s3://BUCKET/PREFIX.
struct StoreConfig {
  std::string url;
  std::string endpoint = {};  ///< s3: http(s)://host:port; empty: AWS's of the region
  std::string region = "us-east-1";
  std::string access_key = {}, secret_key = {};
  bool path_style = true;           ///< s3: https://host/bucket/key; else https://bucket.host/key
  size_t part_bytes = 8u << 20;     ///< s3: objects above this go in parts
  double attempt_seconds = 20;      ///< s3: of one request
  int attempts = 4;                 ///< s3: of one request, on 5xx, 429, no answer
  std::function<bool()> stop = {};  ///< s3: asked while waiting; true gives up. From any thread
  FileCalls* file_calls = nullptr;  ///< file: what writes instead of the system; outlives the store
};

/// The storage that config.url names by its scheme. Opens it and checks that it can be used: a folder is made
/// where there is none; a bucket must exist and our key must open it, but one that does not answer now is no
/// error, for it may answer later. `http` and `clock` outlive the store.
Result<std::unique_ptr<Store>> open_store(const StoreConfig& config, HttpClient& http, const Clock& clock);

/// Whether `key` has the form that a Store takes.
bool is_store_key(std::string_view key);
/// `invalid` where it has not.
Result<void> check_store_key(std::string_view key);
/// `invalid` unless some key begins with `prefix`; the empty one is the prefix of all.
Result<void> check_store_prefix(std::string_view prefix);

}  // namespace limner
