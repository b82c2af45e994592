#pragma once
// AWS Signature Version 4 as S3 uses it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/http_client.h"

namespace limner {

/// Who signs, and for which region.
struct S3Credentials {
  std::string access_key, secret_key, region;
};

/// Query parameters, not encoded.
using S3Query = std::vector<std::pair<std::string, std::string>>;

/// The query string whose parameters are encoded and ordered as a signature wants them.
std::string canonical_query(const S3Query& query);

/// `headers` and those that make `url` (whose query is canonical) a signed request: X-Amz-Date,
/// X-Amz-Content-Sha256 and Authorization, which covers all of them and Host. `payload_sha256` is the body's,
/// in hexadecimal. Good for some 15 minutes from `now`.
Headers sign_request(const S3Credentials& credentials, std::string_view method, const Url& url,
                     Headers headers, std::string_view payload_sha256, TimeUs now);

/// `url`, which has no query, with one that lets anybody GET it until `seconds` (1 to 604800) after `now`.
Url presign_get(const S3Credentials& credentials, Url url, int seconds, TimeUs now);

}  // namespace limner
