#include "store/url_signer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/crypto.h"

namespace limner {
namespace {

// The path's length keeps a path's end from being taken for the beginning of `extra`.
std::string url_signature(const std::string& secret, std::string_view path, std::string_view expires,
                          std::string_view extra) {
  const std::string message = fmt::format("GET\n{}\n{}\n{}{}", expires, path.size(), path, extra);
  return to_base64url(hmac_sha256(secret, message));
}

// Rounded up: a URL lives at least as long as was asked.
std::string seconds_text(TimeUs expires) { return fmt::format("{}", (expires + kSecondUs - 1) / kSecondUs); }

}  // namespace

UrlSigner::UrlSigner(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  LIMNER_CHECK(!secrets_.empty(), "a signer has a secret");
  LIMNER_CHECK(std::ranges::none_of(secrets_, &std::string::empty), "a secret is not empty");
}

std::string UrlSigner::sign(std::string_view path, TimeUs expires, std::string_view extra) const {
  const std::string seconds = seconds_text(expires);
  return fmt::format("expires={}&signature={}", seconds,
                     url_signature(secrets_.front(), path, seconds, extra));
}

Result<void> UrlSigner::check(std::string_view path, std::string_view expires, std::string_view signature,
                              TimeUs now, std::string_view extra) const {
  const bool ours = std::ranges::any_of(secrets_, [&](const std::string& secret) {
    return equal_in_constant_time(url_signature(secret, path, expires, extra), signature);
  });
  if (!ours)
    return Error{Code::forbidden, "signature", "does not fit this URL",
                 "use the URL exactly as it was given"};
  TimeUs seconds = 0;
  std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
  if (now >= seconds * kSecondUs)
    return Error{Code::forbidden, "expires", "the time of this URL is over", "ask for a new one"};
  return {};
}

}  // namespace limner
