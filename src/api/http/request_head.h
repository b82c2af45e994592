#pragma once
// The head of an HTTP/1.1 request (RFC 9112), read strictly: whatever two readers could understand
// differently is refused.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "api/http/refusal.h"

namespace limner {

struct HeadLimits {
  size_t bytes_max = 32u << 10;
  size_t target_bytes_max = 8u << 10;
  size_t headers_max = 100;
};

struct RequestHead {
  std::string method;
  std::string target;                                      ///< as sent, without scheme and host
  std::string path;                                        ///< percent-decoded
  std::vector<std::string> path_segments;                  ///< each decoded: an encoded '/' separates nothing
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  int minor_version = 1;                                     ///< HTTP/1.0 or 1.1
  std::optional<uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;

  std::string_view header(std::string_view name) const;
};

/// Where the head that begins `input` ends, after its empty line; 0 if it is not all there. `scanned`
/// remembers between calls how far was looked, and begins as 0.
size_t find_head_end(std::string_view input, size_t& scanned);

/// Reads a head that ends with its empty line. Refuses both Content-Length and Transfer-Encoding, several
/// lengths, codings other than chunked, folded lines, bare CR or LF, control characters, a missing or second
/// Host, a target of another host than Host, encoded zero bytes.
std::variant<RequestHead, Refusal> parse_request_head(std::string_view head, const HeadLimits& limits);

}  // namespace limner
