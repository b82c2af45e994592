#pragma once
// Objects that are too long for one request.

#include "store/s3_client.h"

namespace limner {

/// Puts `bytes` in parts of `part_bytes` (more where S3's 10000 parts would not do), of which nothing is seen
/// until all are there; where one fails, the server is told to forget the others. (A server that does not
/// hear it keeps them: let the bucket's lifecycle rules remove uploads that were begun and never ended.)
Result<void> put_in_parts(const S3Client& client, std::string_view key, std::span<const std::byte> bytes,
                          std::string_view content_type, size_t part_bytes);

}  // namespace limner
