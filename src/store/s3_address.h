#pragma once
// Where the objects of a bucket are, as URLs.

#include <string>
#include <string_view>

#include "net/url.h"
#include "store/store.h"

namespace limner {

/// A bucket, or what lies below a prefix in it, on an S3 server.
struct S3Address {
  Url server;
  std::string bucket;
  std::string prefix;  ///< empty, or ends in '/'
  bool path_style = true;

  /// The bucket itself: https://server/bucket, or https://bucket.server/.
  Url bucket_url() const;
  /// The object of a Store key.
  Url object_url(std::string_view key) const;
};

/// From config.url (s3://BUCKET or s3://BUCKET/PREFIX), endpoint, region and style. `invalid` names the
/// setting.
Result<S3Address> parse_s3_address(const StoreConfig& config);

}  // namespace limner
