#pragma once
// URLs that let anybody who has them read one thing for a while, delivered by Limner itself.

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace limner {

/// Signs with HMAC-SHA-256 over the method (GET, which HEAD shares), the time of expiry, the path and what
/// else the caller binds. Stateless but for the secrets; thread-safe.
class UrlSigner {
 public:
  /// The first secret signs, all are accepted: to change secrets put the new one in front and take the old
  /// one away when its URLs have expired. At least one, none of them empty.
  explicit UrlSigner(std::vector<std::string> secrets);

  /// The query of a URL with `path` that is good until `expires`: "expires=SECONDS&signature=BASE64URL".
  /// `extra` is what the URL does not carry and check() must be given again, such as a tenant's name.
  std::string sign(std::string_view path, TimeUs expires, std::string_view extra = {}) const;

  /// Whether `path` may be read, by the two query parameters that came with it. `forbidden` with field
  /// "signature" where they are not of our making, with field "expires" where they were and it is over.
  Result<void> check(std::string_view path, std::string_view expires, std::string_view signature, TimeUs now,
                     std::string_view extra = {}) const;

 private:
  std::vector<std::string> secrets_;
};

}  // namespace limner
