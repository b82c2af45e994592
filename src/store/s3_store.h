#pragma once
// Objects in a bucket of an S3 server: AWS's, or one that speaks the same.

#include "store/s3_client.h"

namespace limner {

/// See Store. A put is one request, or several parts above config.part_bytes; either is atomic on the server.
class S3Store final : public Store {
 public:
  /// Asks whether the bucket is there and ours. A server that does not answer is no error: the store opens
  /// and is `unavailable` until it does.
  static Result<std::unique_ptr<Store>> open(const StoreConfig& config, S3Client::Send send,
                                             const Clock& clock);

  Result<void> put(std::string_view key, std::span<const std::byte> bytes,
                   std::string_view content_type) override;
  Result<std::string> get(std::string_view key, size_t bytes_max) override;
  Result<ObjectInfo> head(std::string_view key) override;
  Result<void> remove(std::string_view key) override;
  Result<void> list(std::string_view prefix, const std::function<bool(const ObjectInfo&)>& see) override;
  std::optional<std::string> signed_url(std::string_view key, int seconds) override;
  std::string_view kind() const override { return "s3"; }

 private:
  S3Store(S3Client client, size_t part_bytes) : client_(std::move(client)), part_bytes_(part_bytes) {}

  S3Client client_;
  size_t part_bytes_;
};

}  // namespace limner
