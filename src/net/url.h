#pragma once
// URLs: taken apart, put together, percent-encoded.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace limner {

/// http or https. `path` begins with '/', still encoded; `query` without '?'.
struct Url {
  std::string scheme, host, path = "/", query;
  int port = 0;

  std::string text() const;
  /// "host" or "host:port" where the port is not the scheme's own.
  std::string authority() const;
};

/// `invalid` with `field` for other schemes, user names in it, control characters, over 2048 bytes.
Result<Url> parse_url(std::string_view text, std::string_view field);

/// RFC 3986 percent-encoding of everything but unreserved characters; '/' stays where `keep_slash`.
std::string percent_encode(std::string_view text, bool keep_slash = false);
/// The inverse; "%zz" or a zero byte is `invalid`. `plus_is_space` as in forms and query strings.
Result<std::string> percent_decode(std::string_view text, std::string_view field, bool plus_is_space);

}  // namespace limner
